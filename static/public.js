// Keeps the places left on a registration page true; without it the page tells how it was when it came.
{
  const list = document.querySelector("[data-places]");
  const keep = async () => {
    if (document.hidden) return;
    const answer = await fetch(list.dataset.places, { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const { slots } = await answer.json();
    for (const words of list.querySelectorAll("[data-slot]")) {
      const left = slots[words.dataset.slot];
      if (left !== undefined) words.textContent = left ? list.dataset.left.replace("%(count)s", left) : list.dataset.full;
    }
  };
  if (list) setInterval(keep, 20000);
}
