// Elements from values. Text is always text: nothing here reads HTML.

export function h(tag, ...rest) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  const [props, children] = isProps(rest[0]) ? [rest[0], rest.slice(1)] : [{}, rest];
  for (const [key, value] of Object.entries(props)) set(element, key, value);
  append(element, children);
  return element;
}

function isProps(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Node);
}

function set(element, key, value) {
  if (value === undefined || value === null || value === false) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "class") element.className = value;
  else if (key === "value") element.value = value;
  else element.setAttribute(key, value === true ? "" : value);
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

export function table(head, rows, props = {}) {
  const cells = (row) => row.map((cell) => (cell instanceof Node && /^T[DH]$/.test(cell.tagName) ? cell : h("td", cell)));
  return h(
    "div.scroll",
    { tabindex: "0", role: "region", "aria-label": props["aria-label"] || "Table" },
    h(
      "table",
      props,
      h("thead", h("tr", head.map((cell) => (cell instanceof Node ? cell : cell ? h("th", { scope: "col" }, cell) : h("td"))))),
      h("tbody", rows.map((row) => h("tr", cells(row)))),
    ),
  );
}

// A long name, which may be broken where its parts meet, and nowhere else.
export function breakable(text) {
  const parts = String(text).split(/(?<=[_./:,-])(?=\w)|(?<=[a-z\d]{5})(?=[A-Z])/);
  return parts.flatMap((part, index) => (index ? [h("wbr"), part] : [part]));
}

// The head of a table's row: a name as somebody wrote it, or elements.
export function rowHead(content) {
  return h("th", { scope: "row" }, typeof content === "string" ? breakable(content) : content);
}

export function numberCell(text) {
  return h("td.number", text);
}

export function numberHead(text) {
  return h("th.number", { scope: "col" }, text);
}

export function panel(title, ...children) {
  return h("section.panel", title && h("h2", title), children);
}

export function figures(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl.figures", shown.map(([name, value]) => h("div", h("dt", name), h("dd", value))));
}

export function notice(text) {
  const shown = h("div.notice", text);
  document.getElementById("notices").append(shown);
  setTimeout(() => shown.remove(), 6000);
}

export function problem(error, kind = "") {
  const told = error.problem || { message: error.message };
  const where = [told.stage, told.file, told.branch].filter(Boolean).join(" · ");
  return h(
    kind ? `div.problem.${kind}` : "div.problem",
    { role: "alert" },
    h(kind === "warn" ? "p" : "strong", told.message),
    where && h("p.small.quiet", where),
    told.hint && h("p", told.hint),
  );
}

// What a run warns of, in one box.
export function warnings(texts) {
  if (!texts.length) return null;
  if (texts.length === 1) return problem({ message: texts[0] }, "warn");
  return h("div.problem.warn", { role: "alert" }, h("strong", `${texts.length} things to look at`), h("ul", texts.map((text) => h("li", text))));
}

export function copyable(text, label) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    notice("Copied");
  };
  return h("div.copy", h("pre.wrap", { tabindex: "0", "aria-label": label }, text), h("button.plain", { type: "button", onclick: copy, "aria-label": `Copy ${label}` }, "Copy"));
}

export async function confirmed(question, action) {
  const dialog = h(
    "dialog",
    { "aria-label": question },
    h(
      "article",
      h("p", question),
      h(
        "div.actions",
        h("button.danger", { type: "button", onclick: () => dialog.close("yes") }, action),
        h("button.plain", { type: "button", onclick: () => dialog.close("no") }, "Keep it"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.remove();
  return dialog.returnValue === "yes";
}

/** Return an element of SVG with attributes and a text, if there is one. */
export function svg(tag, props, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
