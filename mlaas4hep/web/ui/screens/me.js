// Who I am here, what I use, and how to work from a terminal.
import { confirmed, copyable, figures, fill, h, notice, panel, rowHead, table } from "../dom.js";
import { age, bytes, count } from "../format.js";
import { call, get, send, token } from "../server.js";

export async function show(view, _args, { signal, again }) {
  const [mine, uploads] = await Promise.all([get("me"), get("tarballs")]);
  if (signal.aborted) return;
  fill(
    view,
    h("div.head", h("h1", mine.name), h("div.actions", h("button.plain", { type: "button", onclick: signOut }, "Sign out"))),
    h(
      "div.stack",
      h("div.grid2", quota(mine), terminal(mine)),
      uploadsOf(uploads, again),
      mine.is_admin && panel("Administration", h("p", h("a", { href: "#/admin" }, "Functions, events that could not be handled, everybody's runs"))),
    ),
  );
}

function quota(mine) {
  const used = Object.values(mine.bytes).reduce((total, each) => total + each, 0);
  const bar = (name, value, most, told) => {
    const drawn = h("progress", { max: Math.max(most, 1), "aria-label": name, class: value >= most ? "over" : undefined });
    drawn.value = Math.min(value, most);
    return h("div", h("div.head", h("span", name), h("span.quiet", told)), drawn);
  };
  return panel(
    "What I use",
    bar("Storage", used, mine.max_bytes, `${bytes(used)} of ${bytes(mine.max_bytes)}`),
    bar("Unfinished runs", mine.unfinished_runs, mine.max_runs, `${mine.unfinished_runs} of ${mine.max_runs}`),
    figures(Object.entries(mine.bytes).map(([bucket, size]) => [bucket, bytes(size)])),
    h("p.small.quiet", `Uploads up to ${bytes(mine.max_upload_bytes)}. Frameworks: ${(mine.frameworks || []).join(", ") || "Keras"}. Files: ${(mine.formats || []).join(", ") || "ROOT"}. Groups: ${mine.groups.join(", ") || "none"}.`),
  );
}

function terminal() {
  const place = h("div");
  const reveal = async () => {
    try {
      const { token: text, expires_at: until } = await get("me/token");
      fill(place, h("p.small.quiet", until ? `Good until ${new Date(until).toLocaleString()}. Whoever has it is you.` : "Whoever has it is you."), copyable(text, "the token"), h("p.small", "Then, in a terminal:"), copyable(`pip install mlaas4hep\nmlaas4hep login here --url ${location.origin}`, "the set-up line"));
    } catch (error) {
      if (error.status !== 401) notice(error.message);
    }
  };
  return panel("From a terminal", h("p", "Commands and notebooks ask with a token."), h("button", { type: "button", onclick: reveal }, "Show my token"), place, h("p.small", h("a", { href: "api.html" }, "Every operation of the API")));
}

function uploadsOf(uploads, again) {
  const remove = async (name) => {
    if (!(await confirmed(`Delete upload ${name} and its runs?`, "Delete them"))) return;
    try {
      await send("DELETE", `tarballs/${encodeURIComponent(name)}`);
      await again();
    } catch (error) {
      if (error.status !== 401) notice(error.message);
    }
  };
  const rows = uploads.map((one) => [rowHead(one.name), count(one.files.length), bytes(one.size_bytes), age(one.uploaded_at), h("button.plain", { type: "button", onclick: () => remove(one.name), "aria-label": `Delete ${one.name}` }, "Delete")]);
  return panel("Uploads", rows.length ? table(["Name", "Files", "Size", "Sent", ""], rows, { "aria-label": "Uploads" }) : h("p.quiet", "None."));
}

async function signOut() {
  token.forget();
  try {
    await call("/logout", { method: "POST" });
    location.hash = "#/runs";
    location.reload();
  } catch {
    location.href = "/oauth2/sign_out?rd=%2F";
  }
}
