/**
 * Arguments for node that make a program fail as soon as it loads any of these packages, by `import` or by `require`; its
 * error names the package.
 */
export function forbidding(packages: readonly string[]): readonly string[] {
  const check = `
    const forbidden = ${JSON.stringify(packages)};
    const check = (name) => {
      if (forbidden.some((each) => name === each || name.startsWith(each + "/"))) throw new Error("FORBIDDEN " + name);
    };`;
  const hooks = `${check}
    export const resolve = (name, context, next) => (check(name), next(name, context));`;
  const start = `${check}
    import Module, { register } from "node:module";
    const original = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) { check(name); return original.call(this, name, ...rest); };
    register(${JSON.stringify(dataUrl(hooks))});`;
  return ["--import", dataUrl(start)];
}

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
