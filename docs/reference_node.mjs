// Writes docs/reference/node.md to standard output: what the package `batpak` shows, from the declarations and doc
// comments of node/src, read by TypeScript's own compiler (node/node_modules).
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../node/", import.meta.url));
const ts = createRequire(path.join(home, "package.json"))("typescript");

const { config } = ts.readConfigFile(path.join(home, "tsconfig.json"), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, home);
const entry = path.join(home, "src/index.ts");
const program = ts.createProgram([entry], { ...options, noEmit: true });
const checker = program.getTypeChecker();

const words = (parts) => ts.displayPartsToString(parts).trim();
const cell = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|");
const code = (lines) => ["", "```ts", ...lines, "```"];

/** A declaration without its body, its doc comment and `export`, as it stands in the source. */
function declared(node) {
  let text = node.getText();
  if (node.body) text = text.slice(0, node.body.getStart() - node.getStart()).trimEnd();
  return text.replace(/^(export |public |declare |async |override )+/, "").replace(/;?$/, ";");
}

/** What the doc comment says: its text, then its parameters. */
function said(symbol) {
  const text = words(symbol.getDocumentationComment(checker));
  const lines = text ? ["", text] : [];
  const parameters = symbol.getJsDocTags(checker).filter((tag) => tag.name === "param" || tag.name === "throws");
  if (parameters.length > 0) lines.push("", ...parameters.map((tag) => `- ${tag.name === "throws" ? "throws " : ""}${words(tag.text ?? [])}`));
  return lines;
}

const isHidden = (symbol) =>
  symbol.name.startsWith("_") ||
  symbol.name.startsWith("#") ||
  symbol.getJsDocTags(checker).some((tag) => tag.name === "internal") ||
  (symbol.declarations ?? []).some((node) => ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected));

const isCallable = (node) =>
  ts.isMethodDeclaration(node) || ts.isMethodSignature(node) || ts.isConstructorDeclaration(node) || ts.isFunctionDeclaration(node);

/** Of overloads the ones without body; of a single function itself. */
function callables(symbol) {
  const nodes = symbol.declarations.filter(isCallable);
  const open = nodes.filter((node) => !node.body);
  return open.length > 0 ? open : nodes;
}

/** [Symbol.iterator] comes from the checker as "__@iterator@123". */
const shownName = (symbol) => symbol.name.replace(/^__@(\w+)@\d+$/, "[Symbol.$1]");

function memberLines(owner, symbols) {
  const shown = symbols.filter((member) => !isHidden(member) || member.name.startsWith("__@"));
  const fields = shown.filter((member) => callables2(member).length === 0);
  const methods = shown.filter((member) => callables2(member).length > 0);
  const lines = [];
  if (fields.length > 0) {
    lines.push("", "| Field | Type | |", "|---|---|---|");
    for (const field of fields) {
      const type = checker.typeToString(checker.getTypeOfSymbol(field), undefined, ts.TypeFormatFlags.NoTruncation);
      const optional = field.flags & ts.SymbolFlags.Optional ? "?" : "";
      lines.push(`| \`${shownName(field)}${optional}\` | \`${cell(type)}\` | ${cell(words(field.getDocumentationComment(checker)))} |`);
    }
  }
  for (const method of methods) {
    lines.push("", `### \`${owner}.${shownName(method)}\``, ...code(callables(method).map(declared)), ...said(method));
  }
  return lines;
}

function callables2(symbol) {
  return (symbol.declarations ?? []).filter((node) => isCallable(node) && !ts.isConstructorDeclaration(node));
}

/** Own members alone: what Error, Array or Iterable bring is known. */
const ownMembers = (symbol) => [...(symbol.members?.values() ?? [])].filter((member) => !/^__(constructor|index|call|new|type)$/.test(member.name));

function lines(name, symbol) {
  const node = symbol.declarations[0];
  const title = ["", `## \`${name}\``];
  if (ts.isFunctionDeclaration(node)) return [...title, ...code(callables(symbol).map(declared)), ...said(symbol)];
  if (ts.isClassDeclaration(node)) {
    const heritage = (node.heritageClauses ?? []).map((clause) => clause.getText()).join(" ");
    return [...title, ...code([`class ${name}${heritage ? ` ${heritage}` : ""}`]), ...said(symbol), ...memberLines(name, ownMembers(symbol))];
  }
  if (ts.isInterfaceDeclaration(node)) {
    const calls = node.members.filter(ts.isCallSignatureDeclaration).map((member) => member.getText());
    const types = node.typeParameters ? `<${node.typeParameters.map((type) => type.getText()).join(", ")}>` : "";
    return [...title, ...code([`interface ${name}${types}`, ...calls]), ...said(symbol), ...memberLines(name, ownMembers(symbol))];
  }
  if (ts.isVariableDeclaration(node)) {
    const type = checker.typeToString(checker.getTypeOfSymbol(symbol));
    return [...title, ...code([`const ${name}: ${type};`]), ...said(symbol)];
  }
  return [...title, ...code([declared(node)]), ...said(symbol)];
}

const source = program.getSourceFile(entry);
const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
const opening = ts.getLeadingCommentRanges(source.text, 0)?.[0];
const preface = opening ? source.text.slice(opening.pos, opening.end).replace(/^\/\*+|\*\/$|^\/\/ ?/g, "").replace(/^ *(\*|\/\/) ?/gm, "").trim() : "";
const out = [
  "# The package for Node", "",
  "Generated from `node/src/` by `docs/reference_node.mjs`; do not edit. What it is about and how it is used: [Node](../node.md).",
];
if (preface) out.push("", preface);
for (const symbol of exported) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (target.declarations && !isHidden(target)) out.push(...lines(symbol.name, target));
}
console.log(out.join("\n"));
