import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/** Every file belongs to one of these; see the comments in them. */
const projects = [
  "./tsconfig.json",
  "./tsconfig.web.json",
  "./tsconfig.e2e.json",
  "./tsconfig.scripts.json",
];

export default ts.config(
  {
    ignores: [
      "out/",
      ".proxima/",
      "test-results/",
      "playwright-report/",
      "resources/",
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.node,
      parserOptions: {
        project: projects,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"],
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
    },
  },
  {
    files: ["src/renderer/**"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // state is declared with runes; a Set that lives inside one function is none
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  {
    // the parser has no types for props and snippets and sees `any`; svelte-check has them and checks these
    files: ["**/*.svelte"],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    // casts are in comments there, which the compiler sees and the linter does not
    files: ["**/*.mjs"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    // expect(object.method) is how a spy is asked
    files: ["test/**"],
    rules: { "@typescript-eslint/unbound-method": "off" },
  },
  {
    // Electron's own loader reads it without any build
    files: ["scripts/setup/default-app/*.cjs"],
    extends: [ts.configs.disableTypeChecked],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    files: ["scripts/bench.mjs", "scripts/recipe.mjs"],
    extends: [ts.configs.disableTypeChecked],
  },
);
