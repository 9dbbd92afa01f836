// A tarball of files that were dropped on the page. Their contents are read only when it is sent.

const BLOCK = 512;
const text = new TextEncoder();

// files: [{path, file}]
export function tarball(files) {
  const parts = files.flatMap(({ path, file }) => [header(path, file), file, new Uint8Array((BLOCK - (file.size % BLOCK)) % BLOCK)]);
  return new Blob([...parts, new Uint8Array(2 * BLOCK)], { type: "application/x-tar" });
}

function header(path, file) {
  const [name, prefix] = split(path);
  const block = new Uint8Array(BLOCK);
  const write = (at, value) => block.set(text.encode(value), at);
  const octal = (value, digits) => value.toString(8).padStart(digits, "0");
  write(0, name);
  write(100, "0000644\0");
  write(108, "0000000\0");
  write(116, "0000000\0");
  write(124, `${octal(file.size, 11)}\0`);
  write(136, `${octal(Math.floor((file.lastModified || 0) / 1000), 11)}\0`);
  write(148, "        ");
  write(156, "0");
  write(257, "ustar\0" + "00");
  write(345, prefix);
  const sum = block.reduce((total, each) => total + each, 0);
  write(148, `${octal(sum, 6)}\0 `);
  return block;
}

function split(path) {
  if (text.encode(path).length <= 100) return [path, ""];
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (text.encode(prefix).length <= 155 && text.encode(name).length <= 100) return [name, prefix];
  }
  throw new Error(`The path is too long: ${path}`);
}
