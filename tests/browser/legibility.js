// What keeps people from reading a page: returns one line for each fault.
(() => {
  const faults = [];
  const name = (e) => `<${e.tagName.toLowerCase()}> ${(e.textContent || "").trim().slice(0, 40)}`;

  if (document.documentElement.scrollWidth > window.innerWidth)
    faults.push(`it overflows sideways: ${document.documentElement.scrollWidth} in ${window.innerWidth} pixels`);
  if (document.querySelectorAll("h1").length !== 1) faults.push("it has not one main heading");
  if (!document.title || !document.documentElement.lang) faults.push("it has no title or no language");
  for (const e of document.querySelectorAll("img:not([alt]), svg:not([aria-label]):not([aria-hidden])"))
    faults.push(`a picture without a text: ${name(e)}`);
  for (const e of document.querySelectorAll("table"))
    if (!e.caption || !e.querySelector("thead th[scope]")) faults.push(`a table without caption or heads: ${name(e)}`);
  for (const e of document.querySelectorAll("input, select"))
    if (!e.labels.length) faults.push(`a field without a label: ${e.name}`);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) faults.push("an id is there twice");

  // Contrast as WCAG 2 counts it: 4.5 to 1, 3 to 1 for large letters.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = channels(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const e = text.parentElement, style = getComputedStyle(e);
    if (!text.textContent.trim() || !e.getClientRects().length || e.closest("svg, select, option")) continue;
    const [a, b] = [light(channels(style.color)), light(behind(e))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= (style.fontWeight >= 700 ? 18.66 : 24);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(1)}: ${name(e)}`);
  }
  return faults;
})()
