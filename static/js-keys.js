// Keys for those who want them: search, rows, rooms, the palette, and what a page marks with data-key. Off unless the reader's frame says data-shortcuts.
{
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const writes = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const ROWS = "main tr:has(.mq-rowlink), main .mq-queue > li, main .mq-pick";
  const link = (row) => (row.matches("a") ? row : row.querySelector(".mq-rowlink, a"));
  let going = 0;

  const rows = () => all(ROWS).filter((row) => row.checkVisibility());
  const here = () => document.activeElement.closest(ROWS);
  const step = (by) => {
    const known = rows();
    const row = known[Math.min(Math.max(known.indexOf(here()) + by, 0), known.length - 1)];
    if (row) link(row).focus();
  };
  const tick = () => here()?.querySelector("input[type=checkbox]")?.click();
  const acts = {
    "/": () => document.getElementById("find")?.focus(),
    "?": () => document.getElementById("shortcuts")?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    x: tick,
    e: () => here() && link(here()).click(),
  };

  const palette = document.getElementById("palette");
  const field = palette?.querySelector("input[name=q]");
  const options = palette ? all("[role=option]", palette) : [];
  const chosen = () => options.find((option) => option.ariaSelected === "true");
  const choose = (option) => {
    for (const it of options) it.ariaSelected = String(it === option);
    field.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  };
  field?.addEventListener("input", () => {
    const asked = field.value.trim().toLowerCase();
    for (const option of options) option.hidden = !option.textContent.toLowerCase().includes(asked);
    choose(asked ? options.find((option) => !option.hidden) : undefined);
  });
  palette?.addEventListener("keydown", (event) => {
    const seen = options.filter((option) => !option.hidden);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && seen.length) choose(seen[(seen.indexOf(chosen()) + by + seen.length) % seen.length]);
    else if (event.key === "Enter" && chosen() && !chosen().hidden) chosen().querySelector("a").click();
    else return;
    event.preventDefault();
  });

  if ("shortcuts" in document.body.dataset)
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && palette) {
        event.preventDefault();
        if (!palette.open) palette.showModal();
        return field.select();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writes(event.target) || document.querySelector("dialog[open]")) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const room = Date.now() - going < 1500 && document.querySelector(`[data-go="${CSS.escape(key)}"]`);
      const marked = all("[data-key]").find((it) => it.dataset.key.toLowerCase() === key && !it.disabled && it.checkVisibility());
      going = key === "g" && !marked ? Date.now() : 0;
      const act = room ? () => room.click() : marked ? () => marked.click() : acts[key];
      if (!act) return;
      event.preventDefault();
      act();
    });
}
