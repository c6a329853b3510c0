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

/** `{@link Name}` as `Name`. */
const plain = (text) => text.replace(/\{@link ([^}|]+)(\|[^}]*)?\}/g, (_, name) => `\`${name.trim()}\``).trim();
const words = (parts) => plain(ts.displayPartsToString(parts));
const cell = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|");
const code = (lines) => ["", "```ts", ...lines, "```"];

/** A declaration without its body, its doc comment and `export`, as it stands in the source; under the name it is exported by. */
function declared(node, name) {
  let text = node.getText();
  if (node.body) text = text.slice(0, node.body.getStart() - node.getStart()).trimEnd();
  text = text.replace(/^(export |public |declare |async |override )*\*?/, "").replace(/;?$/, ";");
  return name === undefined ? text : text.replace(node.name.text, name);
}

/** What the doc comment says: its text, then its parameters. */
function said(symbol) {
  const text = words(symbol.getDocumentationComment(checker));
  const lines = text ? ["", text] : [];
  // From the text itself: of `@throws {@link X}` the parser takes the braces for a type.
  const comments = symbol.declarations.flatMap((node) => ts.getJSDocCommentsAndTags(node)).filter(ts.isJSDoc);
  for (const comment of comments) {
    const body = comment.getText().replace(/^\/\*\*|\*\/$/g, "").replace(/^\s*\* ?/gm, "");
    for (const [, tag, text] of body.matchAll(/^@(throws|param) ([^]*?)(?=^@|$(?![^]))/gm)) {
      const sentence = plain(text.replace(/\s+/g, " "));
      lines.push("", tag === "throws" ? `Throws ${sentence}` : `- ${sentence.replace(/^\w+/, "`$&`:")}`);
    }
  }
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

/** Of a member: its declarations that can be called. */
function methodNodes(symbol) {
  return (symbol.declarations ?? []).filter((node) => isCallable(node) && !ts.isConstructorDeclaration(node));
}

function memberLines(owner, symbols) {
  const shown = symbols.filter((member) => !isHidden(member) || member.name.startsWith("__@"));
  const fields = shown.filter((member) => methodNodes(member).length === 0);
  const methods = shown.filter((member) => methodNodes(member).length > 0);
  const lines = [];
  if (fields.length > 0) {
    lines.push("", "| Field | Type | |", "|---|---|---|");
    for (const field of fields) {
      // As written where it is written, else as it was found.
      const type = field.declarations?.[0]?.type?.getText() ??
        checker.typeToString(checker.getTypeOfSymbol(field), undefined, ts.TypeFormatFlags.NoTruncation);
      const optional = field.flags & ts.SymbolFlags.Optional ? "?" : "";
      lines.push(`| \`${shownName(field)}${optional}\` | \`${cell(type)}\` | ${cell(words(field.getDocumentationComment(checker)))} |`);
    }
  }
  for (const method of methods) {
    lines.push("", `### \`${owner}.${shownName(method)}\``, ...code(callables(method).map((node) => declared(node))), ...said(method));
  }
  return lines;
}

/** How one is made, where anybody may. */
function constructorLines(symbol) {
  const made = symbol.members?.get("__constructor");
  if (made === undefined || made.getJsDocTags(checker).some((tag) => tag.name === "internal")) return [];
  return [...code(made.declarations.map((node) => declared(node).replace(/^constructor/, `new ${symbol.name}`))), ...said(made)];
}

/** Own members alone: what Error, Array or Iterable bring is known. */
const ownMembers = (symbol) =>
  [...(symbol.exports?.values() ?? []), ...(symbol.members?.values() ?? [])]
    .filter((member) => !/^(prototype|__(constructor|index|call|new|type))$/.test(member.name));

function lines(name, symbol) {
  const node = symbol.declarations[0];
  const title = ["", `## \`${name}\``];
  if (ts.isFunctionDeclaration(node)) return [...title, ...code(callables(symbol).map((one) => declared(one, name))), ...said(symbol)];
  if (ts.isClassDeclaration(node)) {
    const heritage = (node.heritageClauses ?? []).map((clause) => clause.getText()).join(" ");
    return [...title, ...code([`class ${name}${heritage ? ` ${heritage}` : ""}`]), ...said(symbol), ...constructorLines(symbol), ...memberLines(name, ownMembers(symbol))];
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
  return [...title, ...code([declared(node, name)]), ...said(symbol), ...memberLines(name, ownMembers(classBehind(symbol)))];
}

/** Of a type that stands for classes, and has the name of what these have in common: the class with that. */
function classBehind(symbol) {
  const name = symbol.valueDeclaration?.initializer;
  return name === undefined ? symbol : checker.getSymbolAtLocation(name);
}

/** `BP_MODE_CREATE = 0`: they have a table of their own. */
function constant(symbol) {
  const node = symbol.declarations[0];
  return ts.isVariableDeclaration(node) && node.initializer && ts.isNumericLiteral(node.initializer) ? node.initializer.text : undefined;
}

const source = program.getSourceFile(entry);
const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
const opening = ts.getLeadingCommentRanges(source.text, 0)?.[0];
const preface = opening ? source.text.slice(opening.pos, opening.end).replace(/^\/\*+|\*\/$|^\/\/ ?/g, "").replace(/^ *(\*|\/\/) ?/gm, "").replace("@packageDocumentation", "").trim() : "";
const out = [
  "# The package for Node", "",
  "Generated from `node/src/` by `docs/reference_node.mjs`; do not edit. What it is about and how it is used: [Node](../node.md).",
];
if (preface) out.push("", preface);
const constants = [];
for (const symbol of exported) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (!target.declarations || isHidden(target)) continue;
  const number = constant(target);
  if (number === undefined) out.push(...lines(symbol.name, target));
  else constants.push(`| \`${symbol.name}\` | ${number} |`);
}
out.push("", "## Constants", "", "As in [C](c.md), where their meaning stands.", "", "| Name | |", "|---|---:|", ...constants);
console.log(out.join("\n"));
