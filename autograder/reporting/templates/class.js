"use strict";
// Sort a table by a column when its heading is pressed, and show only the students whose names match the search.
const valueOf = (row, column) => {
  const cell = row.cells[column];
  const number = Number(cell.dataset.value ?? cell.textContent);
  return Number.isNaN(number) ? cell.textContent.trim().toLowerCase() : number;
};

// Numbers come before text, such as the dash of a missing score.
const compare = (first, second) =>
  typeof first === typeof second ? (first < second ? -1 : first > second ? 1 : 0) : typeof first === "number" ? -1 : 1;

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
      rows.sort((one, other) => (down ? -1 : 1) * compare(one[0], other[0]));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}

const field = document.getElementById("find");
const rows = [...document.querySelectorAll("#all tbody tr")];
field.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
    count += !row.hidden;
  }
  document.getElementById("found").textContent = wanted ? `${count} of ${rows.length}` : "";
});
