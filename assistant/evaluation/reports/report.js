"use strict";
// Filters the list of questions. What is chosen stands behind the # of the address, so that a link can name it:
// #suite=single&outcome=flipped&text=kettle, and #question=s001 opens one.
(() => {
  const form = document.getElementById("filter");
  const items = [...document.getElementById("list").children];
  const shown = document.getElementById("shown");
  const open = document.getElementById("open");
  const texts = new Map();
  const { outcome, suite, text } = form.elements;

  const textOf = (item) => {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase().replace(/\s+/g, " "));
    return texts.get(item);
  };
  const visible = () => items.filter((item) => !item.hidden);
  const label = () => {
    const all = visible();
    open.textContent = all.length && all.every((item) => item.firstElementChild.open) ? "Close all" : "Open all";
  };

  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of items) {
      const { suite: itsSuite, tags } = item.dataset;
      const fits =
        (!suite.value || itsSuite === suite.value) &&
        (outcome.value === "all" || tags.split(" ").includes(outcome.value)) &&
        words.every((word) => textOf(item).includes(word));
      item.hidden = !fits;
      count += fits;
    }
    shown.textContent = count === items.length ? `All ${count} shown` : `${count} of ${items.length} shown`;
    document.getElementById("none").hidden = count > 0;
    label();
  };

  const keep = () => {
    const state = new URLSearchParams();
    if (suite.value) state.set("suite", suite.value);
    if (outcome.value !== "all") state.set("outcome", outcome.value);
    if (text.value.trim()) state.set("text", text.value.trim());
    history.replaceState(null, "", `#${state}`);
  };

  const follow = (jump) => {
    const state = new URLSearchParams(location.hash.slice(1));
    const named = state.get("question");
    if (!["suite", "outcome", "text", "question"].some((name) => state.has(name))) return;
    suite.value = state.get("suite") ?? "";
    if (suite.selectedIndex < 0) suite.value = "";
    outcome.value = state.get("outcome") ?? "all";
    if (!outcome.value) outcome.value = "all";
    text.value = state.get("text") ?? "";
    filter();
    const item = named && items.find((one) => one.dataset.name === named);
    if (item) item.firstElementChild.open = true;
    if (jump) (item || document.getElementById("questions")).scrollIntoView();
  };

  form.addEventListener("input", () => { filter(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  open.addEventListener("click", () => {
    const opens = open.textContent === "Open all";
    for (const item of visible()) item.firstElementChild.open = opens;
    label();
  });
  addEventListener("hashchange", () => follow(true));
  // What a mark of a plot stands for is told when pointed at.
  for (const mark of document.querySelectorAll(".plot [role=graphics-symbol][aria-label]")) {
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = mark.getAttribute("aria-label");
    mark.append(title);
  }
  form.hidden = false;
  filter();
  follow(location.hash.length > 1);
})();
