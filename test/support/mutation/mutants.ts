import ts from "typescript";

/** One change of a built file: the text between two offsets becomes another. */
export interface Mutant {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** What has run when the change can be seen: of an operator its left side, as V8 counts the operator with the right one. */
  readonly at: number;
}

const OTHER_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "+=": ["-="],
  "-=": ["+="],
};

/** Methods of the same form that do the contrary, or something near it. */
const OTHER_METHODS: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  min: "max",
  max: "min",
  ceil: "floor",
  floor: "ceil",
  startsWith: "endsWith",
  endsWith: "startsWith",
  all: "race",
  find: "findLast",
  findLast: "find",
};

/** Methods of which the object itself may stand for the answer. */
const PASSING = new Set([
  ...["filter", "sort", "toSorted", "reverse", "toReversed", "slice", "flat", "concat"],
  ...["trim", "trimEnd", "toLowerCase", "replaceAll", "replace"],
]);

/** Every mutant of a file's text, in the order in which they stand there; `code` is JavaScript. */
export function mutantsOf(code: string): readonly Mutant[] {
  const file = ts.createSourceFile("mutated.js", code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const found: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    found.push(...ofNode(node, file));
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return found.toSorted((one, other) => one.start - other.start || one.end - other.end);
}

/** The text with one mutant in it. */
export function withMutant(code: string, { start, end, text }: Mutant): string {
  return code.slice(0, start) + text + code.slice(end);
}

function ofNode(node: ts.Node, file: ts.SourceFile): readonly Mutant[] {
  const become = (from: ts.Node, text: string): Mutant => {
    const start = from.getStart(file);
    return { start, end: from.end, text, at: start };
  };
  if (ts.isBinaryExpression(node)) return ofOperator(node, file);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [become(node, `(${node.operand.getText(file)})`)];
  if (ts.isConditionalExpression(node))
    return [node.whenTrue, node.whenFalse].map((side) => become(node, `(${side.getText(file)})`));
  if (ts.isIfStatement(node)) return ["true", "false"].map((text) => become(node.expression, text));
  if (ts.isWhileStatement(node)) return [become(node.expression, "false")];
  if (ts.isNumericLiteral(node)) return [become(node, String(Number(node.text) + 1))];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [become(node, "false")];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [become(node, "true")];
  if (ts.isCallExpression(node)) return ofCall(node, file);
  if (ts.isReturnStatement(node) && node.expression !== undefined) return ofReturn(node, node.expression, file);
  if (isRemovable(node)) return [become(node, ";")];
  if (isMember(node)) return [{ ...become(node, ""), end: endWithComma(node, file) }];
  return [];
}

function ofOperator({ left, right, operatorToken }: ts.BinaryExpression, file: ts.SourceFile): readonly Mutant[] {
  const operator = operatorToken.getText(file);
  const start = left.getStart(file);
  if (operator === "??")
    return [left, right].map((side) => ({ start, end: right.end, text: `(${side.getText(file)})`, at: start }));
  const isText = [left, right].some((side) => ts.isStringLiteral(side) || ts.isTemplateExpression(side));
  const others = operator === "+" && !isText ? ["-"] : (OTHER_OPERATORS[operator] ?? []);
  const changed = others.map((text) => ({
    start: operatorToken.getStart(file),
    end: operatorToken.end,
    text,
    at: start,
  }));
  if (operator !== "&&" && operator !== "||") return changed;
  // Each side alone: the other one counts for nothing.
  const alone = [left, right].map((side) => ({ start, end: right.end, text: `(${side.getText(file)})`, at: start }));
  return [...changed, ...alone];
}

function ofCall({ expression, end, arguments: given }: ts.CallExpression, file: ts.SourceFile): readonly Mutant[] {
  if (!ts.isPropertyAccessExpression(expression)) return [];
  const { name, expression: object } = expression;
  const other = OTHER_METHODS[name.text];
  const at = name.getStart(file);
  if (other !== undefined) return [{ start: at, end: name.end, text: other, at }];
  if (!PASSING.has(name.text) || ts.isRegularExpressionLiteral(given[0] ?? object)) return [];
  return [{ start: object.end, end, text: "", at }];
}

function ofReturn(node: ts.ReturnStatement, value: ts.Expression, file: ts.SourceFile): readonly Mutant[] {
  const isPlain = ts.isIdentifier(value) || value.kind === ts.SyntaxKind.NullKeyword || ts.isLiteralExpression(value);
  return isPlain && value.getText(file) !== "null"
    ? [{ start: node.getStart(file), end: node.end, text: "return null;", at: node.getStart(file) }]
    : [];
}

/** A call, an assignment, or a way out. */
function isRemovable(node: ts.Node): boolean {
  if (ts.isExpressionStatement(node)) return true;
  return ts.isThrowStatement(node) || ts.isContinueStatement(node) || ts.isBreakStatement(node);
}

/** A member of an object that is made, or of an array that others are poured into. */
function isMember(node: ts.Node): boolean {
  if (ts.isObjectLiteralExpression(node.parent)) return true;
  // A name in a list is missed by the compiler, where a type is made of them.
  return ts.isArrayLiteralExpression(node.parent) && node.parent.elements.length > 1 && !ts.isStringLiteral(node);
}

function endWithComma(node: ts.Node, file: ts.SourceFile): number {
  const rest = /^\s*,/.exec(file.text.slice(node.end));
  return node.end + (rest?.[0].length ?? 0);
}
