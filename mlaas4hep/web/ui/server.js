// Calls of the functions, with the rights of whoever looks at the page: a cookie, or a pasted token.

const HERE = new URL("..", document.baseURI).pathname;
const FUNCTION = /^(.*)\/function\/workflow(\.[\w-]+)?\/$/.exec(HERE);
const PREDICT = FUNCTION ? `${FUNCTION[1]}/function/predict${FUNCTION[2] || ""}/` : "/function/predict/";
const TOKEN = "mlaas4hep-token";

export class ServerError extends Error {
  constructor(status, problem) {
    super(problem.message || `the server answered ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

let isUntried = false; // the token was given here, and has opened nothing yet

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => {
    sessionStorage.setItem(TOKEN, text);
    isUntried = true;
  },
  forget: () => sessionStorage.removeItem(TOKEN),
  isUntried: () => isUntried,
};

export function headers(more = {}) {
  const bearer = token.get();
  return { "X-MLaaS4HEP-Page": "1", ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}), ...more };
}

export function workflowUrl(path, query = {}) {
  return address(HERE, path, query);
}

export function predictUrl(path, query = {}) {
  return address(PREDICT, path, query);
}

function address(base, path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const text = new URLSearchParams(given).toString();
  return base + path + (text ? `?${text}` : "");
}

export async function call(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { ...options, headers: headers(options.headers), credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (!answer.ok) throw await refusal(answer);
  isUntried = false;
  return answer;
}

export function unreachable() {
  return new ServerError(0, { message: "The server cannot be reached", hint: "check the network, and try again" });
}

async function refusal(answer) {
  let told = {};
  try {
    told = await answer.json();
  } catch {
    // not ours: a proxy's page
  }
  const found = told.problem || told.error;
  const problem = found && typeof found === "object" ? found : { message: found || `The server answered ${answer.status}` };
  if (answer.status === 401) dispatchEvent(new CustomEvent("signed-out", { detail: problem }));
  return new ServerError(answer.status, problem);
}

export async function get(path, query = {}) {
  return (await call(workflowUrl(path, query))).json();
}

export async function getText(path, query = {}) {
  return (await call(workflowUrl(path, query))).text();
}

export async function send(method, path, body, query = {}, more = {}) {
  const options = { method, headers: { ...more } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  return (await call(workflowUrl(path, query), options)).json();
}

export async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return (await call(predictUrl(path), options)).json();
}

// Whatever a run becomes, one report after the other, until it is over. Reconnects by itself, and
// tells `lost` the error when it cannot.
export async function watch(name, whose, { told, lost }, signal) {
  while (!signal.aborted) {
    try {
      if (await stream(name, whose, told, signal)) return;
    } catch (error) {
      if (signal.aborted || (error.status >= 400 && error.status < 500)) throw error;
      lost(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
}

const SILENCE_MS = 30000; // the server says every ten seconds that it is still there

async function stream(name, whose, told, signal) {
  const silence = new AbortController();
  const end = AbortSignal.any([signal, silence.signal]);
  const heard = (promise) => {
    const waiting = setTimeout(() => silence.abort(), SILENCE_MS);
    return promise.finally(() => clearTimeout(waiting));
  };
  const answer = await heard(call(workflowUrl(`runs/${encodeURIComponent(name)}/events`, whose), { signal: end }));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await heard(reader.read());
    if (done) return false;
    text += value;
    const messages = text.split("\n\n");
    text = messages.pop();
    for (const message of messages) {
      const over = event(message, told);
      if (over) return true;
    }
  }
}

function event(message, told) {
  const lines = message.split("\n");
  if (lines.includes("event: deleted")) {
    told(null);
    return true;
  }
  const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
  if (!data.length) return false;
  const run = JSON.parse(data.join("\n"));
  told(run);
  return ["done", "failed", "cancelled"].includes(run.status);
}

// Where the page shows a run, or a part of it; `whose` as in a screen's context.
export function runPage(name, whose = {}, part = "") {
  return `#${address("/runs/", encodeURIComponent(name) + (part && `/${part}`), whose)}`;
}

// Sends a file; tells how much is sent.
export function upload(path, blob, filename, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", workflowUrl(path));
    for (const [name, value] of Object.entries(headers({ "Content-Type": "application/x-tar" }))) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.loaded, event.total);
    request.onerror = () => reject(new ServerError(0, { message: "The upload broke off", hint: "try again" }));
    request.onload = () => {
      const told = parsed(request.responseText);
      if (request.status < 300) resolve(told);
      else {
        if (request.status === 401) dispatchEvent(new CustomEvent("signed-out"));
        reject(new ServerError(request.status, told.error || { message: `The server answered ${request.status}` }));
      }
    };
    request.send(blob);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export async function download(url, filename) {
  const content = await (await call(url)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
