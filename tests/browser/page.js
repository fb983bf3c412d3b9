// What is wrong with this page for those who use it: sentences, none if all is well.
const wrong = [];
const shown = (element) => element.checkVisibility({ visibilityProperty: true });
const describe = (element) => `<${element.localName} id="${element.id}">`;

if (document.documentElement.lang !== "en") wrong.push("the language is not said");
if (!document.title.trim()) wrong.push("there is no title");
if (document.querySelectorAll("h1").length !== 1) wrong.push("there is not exactly one h1");
if (document.querySelectorAll("main").length !== 1) wrong.push("there is not exactly one main");

const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of ids) if (ids.filter((other) => other === id).length > 1) wrong.push(`the id ${id} is not unique`);

for (const input of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  if (!shown(input)) continue;
  if (!input.labels.length) wrong.push(`${describe(input)} has no label`);
  if (input.getAttribute("aria-invalid") === "true") {
    const reason = (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id));
    if (!reason.some((element) => element?.getAttribute("role") === "alert"))
      wrong.push(`${describe(input)} is wrong without a reason`);
  }
}
for (const element of document.querySelectorAll("a, button"))
  if (!element.textContent.trim()) wrong.push(`${describe(element)} says nothing`);
for (const image of document.querySelectorAll("img:not([alt])")) wrong.push(`${describe(image)} has no alt`);
for (const attribute of ["aria-describedby", "aria-labelledby", "for"])
  for (const element of document.querySelectorAll(`[${attribute}]`))
    for (const id of element.getAttribute(attribute).split(" "))
      if (!document.getElementById(id)) wrong.push(`${describe(element)} speaks of #${id}, which is not there`);

// Nothing is cut off, and nobody has to scroll sideways.
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) {
  const widest = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 1);
  wrong.push(`the page is wider than the window: ${widest.map(describe).join(", ")}`);
}
// WCAG 2.2, 2.5.8: a finger hits nothing smaller than 24 by 24.
for (const target of document.querySelectorAll("button, input:not([type=hidden], [type=checkbox]), a.button")) {
  const box = target.getBoundingClientRect();
  if (shown(target) && Math.min(box.width, box.height) < 24) wrong.push(`${describe(target)} is too small to hit`);
}

// WCAG 2.2, 1.4.3: text has a contrast of 4.5 against what is behind it.
const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
const canvas = pixel.getContext("2d", { willReadFrequently: true });
const seen = (colors) => {
  canvas.clearRect(0, 0, 1, 1);
  for (const color of colors) {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
  }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text = texts.nextNode(); text; text = texts.nextNode()) {
  const element = text.parentElement;
  if (!text.data.trim() || !shown(element) || element.matches(":disabled, script, svg *")) continue;
  const behind = [];
  for (let outer = element; outer; outer = outer.parentElement) behind.unshift(getComputedStyle(outer).backgroundColor);
  behind.unshift(dark ? "#121212" : "white");
  const [text_, ground] = [luminance(seen([...behind, getComputedStyle(element).color])), luminance(seen(behind))];
  const contrast = (Math.max(text_, ground) + 0.05) / (Math.min(text_, ground) + 0.05);
  if (contrast < 4.5) wrong.push(`"${text.data.trim().slice(0, 30)}" is hard to read: contrast ${contrast.toFixed(2)}`);
}

return wrong;
