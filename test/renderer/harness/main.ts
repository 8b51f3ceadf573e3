import "../../../src/renderer/styles/base.css";
import { mount } from "svelte";
import App from "../../../src/renderer/App.svelte";
import { AppState } from "../../../src/renderer/state/app.svelte";
import { demoWorld, type DemoOptions } from "./demo-world";

const query = new URLSearchParams(location.search);
const networks: readonly DemoOptions["network"][] = [
  "resnet",
  "large",
  "none",
  "inert",
  "extreme",
  "guess",
];
const opens: readonly DemoOptions["opens"][] = ["guess", "sure", "extreme"];
const demo = demoWorld({
  network: networks.find((name) => name === query.get("network")) ?? "resnet",
  opens: opens.find((name) => name === query.get("opens")) ?? "refused",
  lost: query.has("lost"),
  fallback: query.has("fallback"),
  silent: query.has("silent"),
  failing: query.has("failing"),
  slow: query.has("slow"),
  theme: query.get("theme") === "light" ? "light" : "dark",
});
const app = new AppState(demo.world);
// For the scripts that drive the page.
Object.assign(window, { demo, app });
const root = document.getElementById("app");
if (root) mount(App, { target: root, props: { app } });
