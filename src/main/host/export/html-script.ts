/**
 * The exported page's behaviour: finding rows, and comparing two tiles of a row in a large view.
 * Without it (in a mail program, say) every picture and record is still there.
 * It is text here because it runs in another world, under a policy that names its hash.
 */
export const script = /* js */ String.raw`
(() => {
  const table = document.querySelector("table");
  const rows = [...table.tBodies[0].rows];

  const find = document.querySelector("#find");
  find?.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const row of rows)
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });

  const dialog = document.querySelector("dialog");
  const part = (name) => dialog.querySelector('[data-part="' + name + '"]');
  const stage = part("stage");
  const wipe = part("wipe");
  const zoom = part("zoom");
  const sides = ["left", "right"];
  const titles = [...table.tHead.rows[0].cells]
    .slice(1)
    .map((cell) => cell.querySelector("strong").textContent);
  let row = rows[0];

  // A row's tiles by column; a column without a picture in this row is left out.
  const tiles = () =>
    [...row.cells]
      .slice(1)
      .map((cell, column) => ({ cell, column }))
      .filter(({ cell }) => cell.querySelector(".open"));

  function show(next, left, right) {
    row = next;
    part("title").textContent = row.cells[0].innerText.replace(/\s+/g, " ");
    const there = tiles();
    for (const [index, side] of sides.entries()) {
      const select = part(side);
      select.replaceChildren(
        ...there.map(({ column }) => new Option(titles[column], column)),
      );
      const wanted = index === 0 ? left : right;
      const known = there.some(({ column }) => column === wanted);
      select.value = known ? wanted : (there[index]?.column ?? there[0].column);
    }
    paint();
  }

  function paint() {
    for (const side of sides) {
      const column = Number(part(side).value);
      const cell = row.cells[column + 1];
      const pictures = [...cell.querySelectorAll(".open img")];
      stage
        .querySelector("." + side)
        .replaceChildren(...pictures.map((picture) => picture.cloneNode()));
      const score = cell.querySelector(".score").textContent;
      const bold = document.createElement("b");
      bold.textContent = titles[column];
      part(side + "-caption").replaceChildren(bold, " score " + score);
    }
    size();
  }

  // "fit" is as large as the window allows; from twice the size on, pixels stay pixels.
  function size() {
    const picture = stage.querySelector("img");
    const width = Number(picture.getAttribute("width"));
    const height = Number(picture.getAttribute("height"));
    const view = stage.parentElement;
    const fit = Math.max(
      0.1,
      Math.min(
        (view.clientWidth - 40) / width,
        (view.clientHeight - 40) / height,
      ),
    );
    const scale =
      zoom.value === "fit"
        ? fit >= 2
          ? Math.floor(fit)
          : fit
        : Number(zoom.value);
    stage.style.width = width * scale + "px";
    stage.style.height = height * scale + "px";
    stage.classList.toggle("pixels", scale >= 2);
  }

  function move(percent) {
    wipe.value = Math.min(100, Math.max(0, percent));
    stage.style.setProperty("--at", wipe.value + "%");
  }

  // The page's own switch, within reach of the large view. Under the raw rule there is nothing to switch.
  const rules = [...document.querySelectorAll("[name=contrast]")];
  const contrast = part("contrast");
  function turn() {
    const next = rules.find((rule) => !rule.checked);
    if (next) next.checked = true;
    name();
  }
  function name() {
    const rule = rules.find((candidate) => candidate.checked);
    contrast.hidden = rules.length < 2;
    contrast.textContent = "contrast: " + rule.parentElement.textContent;
  }

  function step(by) {
    const shown = rows.filter(
      (candidate) => !candidate.hidden && candidate.querySelector(".open"),
    );
    const next = shown[shown.indexOf(row) + by];
    if (next)
      show(next, Number(part("left").value), Number(part("right").value));
  }

  table.addEventListener("click", (event) => {
    const button = event.target.closest(".open");
    if (!button) return;
    const cell = button.closest("td");
    const column = cell.cellIndex - 1;
    dialog.showModal();
    name();
    // The first column is what the others are compared with.
    if (column === 0) show(cell.parentElement, 0, 1);
    else show(cell.parentElement, 0, column);
    move(50);
    wipe.focus();
  });
  for (const side of sides) part(side).addEventListener("change", paint);
  zoom.addEventListener("change", size);
  addEventListener("resize", () => dialog.open && size());
  wipe.addEventListener("input", () => move(wipe.valueAsNumber));
  contrast.addEventListener("click", turn);
  part("close").addEventListener("click", () => dialog.close());
  part("previous").addEventListener("click", () => step(-1));
  part("next").addEventListener("click", () => step(1));

  const drag = (event) => {
    const box = stage.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * 100);
  };
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    drag(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) drag(event);
  });

  // In a select or a group of radios the arrow keys have their own work.
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const own = event.target.matches("select, [type=radio]");
    if (event.key === "ArrowUp" && !own) step(-1);
    else if (event.key === "ArrowDown" && !own) step(1);
    else if (/^[1-9]$/.test(event.key)) {
      const tile = tiles().find(({ column }) => column === event.key - 1);
      if (!tile) return;
      part("right").value = tile.column;
      paint();
    } else if (event.key === "c") turn();
    else return;
    event.preventDefault();
  });
})();
`;
