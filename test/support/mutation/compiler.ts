import { dirname, join } from "node:path";
import ts from "typescript";

/** Something is not used any more: the lint of a tidy house, and no fault of what is left. */
const UNUSED = new Set([6133, 6192, 6196, 6198]);

/** Answers whether a source would still compile with another text: what the compiler refuses needs no test. */
export class Compiler {
  readonly #service: ts.LanguageService;
  readonly #changed = new Map<string, string>();
  #version = 0;

  constructor(root: string) {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
      config: unknown;
    };
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const text = (path: string): string | undefined => this.#changed.get(path) ?? ts.sys.readFile(path);
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => fileNames,
      getScriptVersion: (path) => (this.#changed.has(path) ? String(this.#version) : "0"),
      getScriptSnapshot: (path) => {
        const found = text(path);
        return found === undefined ? undefined : ts.ScriptSnapshot.fromString(found);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (wanted) =>
        join(dirname(ts.getDefaultLibFilePath(wanted)), ts.getDefaultLibFileName(wanted)),
      fileExists: (path) => ts.sys.fileExists(path),
      readFile: (path) => ts.sys.readFile(path),
    });
  }

  /** `path` is the source's whole path. */
  refuses(path: string, text: string): boolean {
    this.#version += 1;
    this.#changed.set(path, text);
    try {
      const found = [...this.#service.getSyntacticDiagnostics(path), ...this.#service.getSemanticDiagnostics(path)];
      return found.some(({ code }) => !UNUSED.has(code));
    } finally {
      this.#changed.delete(path);
    }
  }
}
