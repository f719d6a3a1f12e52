// Sugar over pages that work without it: theme, dialogs, rows, ticks, times, one submit at a time. No text of ours: words come from the page.
{
  const root = document.documentElement;
  const on = (type, act, options) => document.addEventListener(type, act, options);
  const near = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // ---------- light or dark; the server hears of it by the cookie ----------
  on("submit", (event) => {
    const form = near(event, "[data-theme-switch]");
    if (!form) return;
    event.preventDefault();
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  });

  // ---------- dialogs, menus, toasts ----------
  on("click", (event) => {
    const opener = near(event, "[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
    }
    const closer = near(event, "[data-closes]");
    if (closer) (closer.closest(".mq-toast") ?? { remove: () => closer.closest("dialog")?.close() }).remove();
    for (const open of all("details.mq-more[open]")) if (!open.contains(event.target)) open.open = false;
  });
  on("keydown", (event) => {
    const open = event.key === "Escape" && near(event, "details.mq-more[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  const lapse = (toast) => setTimeout(() => toast.matches(":hover, :focus-within") ? lapse(toast) : toast.remove(), 12000);

  // ---------- of many tabs, the one that is open is in sight ----------
  const showTab = () => all(".mq-tabs [aria-current]").forEach((tab) => {
    const row = tab.parentElement;
    if (row.scrollWidth > row.clientWidth) row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  });

  // ---------- a whole row is its link ----------
  on("click", (event) => {
    const row = near(event, "tr[data-href]");
    if (!row || near(event, "a, button, input, label, select, summary") || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  });

  // ---------- ticks and the bar that counts them ----------
  const boxes = (name) => all(`input[type="checkbox"][name="${CSS.escape(name)}"]`);
  const count = () => {
    for (const bar of all("[data-bulk]")) {
      const ticked = boxes(bar.dataset.bulk).filter((box) => box.checked).length;
      bar.hidden = !ticked && !bar.querySelector('[name="all"]:checked');
      bar.querySelector("[data-count]").textContent = ticked.toLocaleString("en");
      for (const part of all("[data-words], [data-clear]", bar)) part.hidden = false;
    }
    for (const head of all("[data-check-all]")) {
      const here = boxes(head.dataset.checkAll);
      head.checked = here.length > 0 && here.every((box) => box.checked);
      head.indeterminate = !head.checked && here.some((box) => box.checked);
    }
    for (const row of all("tbody tr:has(> td > input[type=checkbox])")) row.setAttribute("aria-selected", row.querySelector("input[type=checkbox]").checked);
  };
  on("change", (event) => {
    const head = near(event, "[data-check-all]");
    if (head) for (const box of boxes(head.dataset.checkAll)) box.checked = head.checked;
    if (event.target.type === "checkbox") count();
  });
  on("click", (event) => {
    const bar = near(event, "[data-clear]")?.closest("[data-bulk]");
    if (!bar) return;
    for (const box of [...boxes(bar.dataset.bulk), ...all('[name="all"]', bar)]) box.checked = false;
    count();
  });

  // ---------- one submit at a time; what is typed is not lost unasked ----------
  const rest = (form) => {
    delete form.dataset.sending;
    for (const button of all("button:disabled[data-rests]", form)) {
      button.disabled = false;
      delete button.dataset.rests;
    }
  };
  const dirty = new Set();
  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented && !form.matches("[hx-post], [data-hx-post]")) return;
    if (form.dataset.sending) return event.preventDefault();
    dirty.delete(form);
    form.dataset.sending = "";
    // Later, for a disabled button would not be among what is sent; and again free when a download left the page where it was.
    setTimeout(() => {
      for (const button of all("button:not([type=button]):not(:disabled)", form)) {
        button.disabled = true;
        button.dataset.rests = "";
      }
    });
    setTimeout(rest, 6000, form);
  });
  on("htmx:afterRequest", (event) => event.target instanceof HTMLFormElement && rest(event.target));
  addEventListener("pageshow", () => all("form[data-sending]").forEach(rest));
  on("input", (event) => {
    const form = near(event, "form[data-unsaved]");
    if (form) dirty.add(form);
  });
  addEventListener("beforeunload", (event) => {
    if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
  });

  // ---------- times that stay true ----------
  const [moment, minutes, hours, days, past, ahead] = JSON.parse(document.body.dataset.spans ?? "[]");
  const fill = (words, value) => words.replace(/%\((count|span)\)s/, value);
  const tell = (time) => {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const long = Math.abs(seconds);
    const span = long < 60 ? moment : long < 3600 ? fill(minutes, Math.floor(long / 60)) : long < 172800 ? fill(hours, Math.floor(long / 3600)) : fill(days, Math.floor(long / 86400).toLocaleString("en"));
    const words = fill(seconds >= 0 ? past : ahead, span);
    if (time.textContent !== words) time.textContent = words;
  };
  const keepTime = () => moment && all("time[data-ago]").forEach(tell);
  setInterval(keepTime, 20000);

  // ---------- copy ----------
  on("click", async (event) => {
    const button = near(event, "[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const words = button.lastChild.textContent;
    button.lastChild.textContent = button.dataset.done;
    setTimeout(() => (button.lastChild.textContent = words), 2000);
  });

  // ---------- what htmx brings ----------
  on("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status >= 400 && /hx-retarget:/i.test(detail.xhr.getAllResponseHeaders())) detail.shouldSwap = true;
  });
  for (const failure of ["htmx:sendError", "htmx:timeout"])
    on(failure, () => {
      const lost = document.getElementById("lost");
      if (lost) document.getElementById("toasts").replaceChildren(lost.content.cloneNode(true));
      dress();
    });

  const dress = () => {
    for (const part of all("[data-scripted][hidden]")) part.hidden = false;
    for (const toast of all("#toasts .mq-toast:not([data-tone], :has(form), [data-lapses])")) {
      toast.dataset.lapses = "";
      lapse(toast);
    }
    count();
    keepTime();
  };
  const greet = () => document.querySelector("[data-errors]")?.focus();
  on("htmx:afterSettle", () => {
    dress();
    greet();
  });
  dress();
  greet();
}
