import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import tseslint from "typescript-eslint";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The floors of the house, from the ground up: a folder of src/ may import itself, errors.ts, limit.ts and schema.ts (not domain/) and the
 * folders in its row. docs/architecture.md says what lives where; test/house.test.ts plants a wrong import a row.
 */
export const MAY_IMPORT = {
  domain: [],
  ports: ["domain"],
  config: ["domain"],
  decide: ["ports", "domain"],
  tell: ["ports", "domain"],
  inspect: ["ports", "domain"],
  doctor: ["config", "ports", "domain"],
  adapters: ["config", "ports", "domain"],
  hear: ["decide", "ports", "domain"],
  act: ["decide", "ports", "domain"],
  operate: ["hear", "act", "decide", "ports", "domain"],
  monitoring: ["inspect", "ports", "domain"],
  app: [
    "monitoring",
    "adapters",
    "doctor",
    "operate",
    "act",
    "hear",
    "tell",
    "inspect",
    "decide",
    "config",
    "ports",
    "domain",
  ],
  cli: [
    "app",
    "monitoring",
    "doctor",
    "operate",
    "act",
    "hear",
    "tell",
    "inspect",
    "decide",
    "config",
    "ports",
    "domain",
  ],
  "main.ts": ["cli"],
  demo: [
    "cli",
    "app",
    "monitoring",
    "adapters",
    "doctor",
    "operate",
    "act",
    "hear",
    "tell",
    "inspect",
    "decide",
    "config",
    "ports",
    "domain",
  ],
};
/** Who may import a package from outside; nobody else may. */
const MAY_IMPORT_PACKAGES = {
  adapters: ["ioredis", "amqplib", "@aws-sdk/", "pino", "ajv"],
  config: ["smol-toml", "ajv"],
  demo: ["amqplib", "@aws-sdk/", "ioredis"],
  monitoring: ["prom-client"],
  "schema.ts": ["ajv"],
};

const floorOf = (path) => relative(join(root, "src"), path).split("/")[0];

/** The sentence against an import, or null when the tables allow it. */
function refusalOf(from, specifier) {
  const floor = floorOf(from);
  if (specifier.startsWith("node:")) return floor === "domain" ? `domain is pure and imports no ${specifier}` : null;
  if (!specifier.startsWith(".")) {
    const allowed = MAY_IMPORT_PACKAGES[floor] ?? [];
    if (allowed.some((name) => specifier === name || specifier.startsWith(name.replace(/\/?$/, "/")))) return null;
    return `${floor} imports no package "${specifier}" (MAY_IMPORT_PACKAGES says who does)`;
  }
  const target = resolve(dirname(from), specifier);
  if (!target.startsWith(join(root, "src") + "/"))
    return target.startsWith(join(root, "schemas")) ? null : "src imports only src and schemas";
  const below = floorOf(target);
  if (below === floor || below === "errors.ts") return null;
  const allowed = MAY_IMPORT[floor] ?? [];
  if (["schema.ts", "limit.ts"].includes(below) && floor !== "domain") return null;
  if (allowed.includes(below)) return null;
  const row = allowed.length === 0 ? "nothing but itself" : allowed.join(", ");
  return `${floor} may import ${row}, not ${below}`;
}

/** Every way to name another module counts: import, export from, import() and import types. */
const fences = {
  create(context) {
    const check = (node) => {
      if (!node) return;
      const refusal =
        typeof node.value === "string"
          ? refusalOf(context.filename, node.value)
          : "an import needs a name that is written out";
      if (refusal !== null) context.report({ node, message: `${refusal}: see MAY_IMPORT in .config/eslint.config.js` });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source }) => check(source),
    };
  },
};

export default tseslint.config(
  { ignores: ["dist/**", ".cache/**", "node_modules/**", ".tap/**", "**/*.mjs", "**/*.js"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines": ["error", 250],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true, IIFEs: true }],
      "no-console": "error",
      // Numbers read well in sentences and keys; the rule's other types stay forbidden.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    // A test's body is one long function by construction; its length is the story's length.
    files: ["test/**"],
    rules: { "max-lines-per-function": "off", "@typescript-eslint/no-floating-promises": "off" },
  },
  {
    // Standing at the process edge, these print for people.
    files: ["src/main.ts", "src/demo/**"],
    rules: { "no-console": "off" },
  },
  {
    files: ["src/**"],
    plugins: { house: { rules: { fences } } },
    rules: { "house/fences": "error" },
  },
);
