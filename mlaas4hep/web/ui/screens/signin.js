// Who are you? The deployment's own sign-in where it has one; a token where it has none.
import { fill, h, problem } from "../dom.js";
import { token } from "../server.js";

// `told` is why the server let nobody in.
export async function signIn(main, again, told) {
  const had = token.get();
  const refused = had && token.isUntried(); // one that worked before is of a session that has ended
  token.forget();
  const browserDoor = await hasBrowserDoor();
  const text = h("input", { type: "password", autocomplete: "off", required: true, "aria-describedby": "token-help" });
  const use = (event) => {
    event.preventDefault();
    token.set(text.value.trim().replace(/^Bearer\s+/i, ""));
    again();
  };
  const here = encodeURIComponent(location.pathname + location.hash);
  fill(
    main,
    h(
      "section.signin.panel",
      h("h1", refused ? "This token is not accepted" : had ? "Your session has ended" : "Sign in"),
      refused && problem({ problem: told }),
      !refused && h("p.quiet", had ? "Sign in again; runs go on meanwhile." : "Runs, models and uploads are shown to their owners."),
      browserDoor && h("p", h("a", { role: "button", href: `/oauth2/start?rd=${here}` }, "Sign in with your account")),
      h(
        "form",
        { onsubmit: use },
        h("label", "Token", text),
        h("p.small.quiet", { id: "token-help" }, "On a laptop, ", h("code", "mlaas4hep link --open"), " opens this page signed in, and ", h("code", "mlaas4hep token --user you"), " prints a token. It is kept until this tab is closed."),
        h("button", { type: "submit" }, "Use this token"),
      ),
    ),
  );
  document.title = "Sign in – MLaaS4HEP";
}

async function hasBrowserDoor() {
  try {
    return (await fetch("/oauth2/auth", { credentials: "same-origin" })).status !== 404;
  } catch {
    return false;
  }
}
