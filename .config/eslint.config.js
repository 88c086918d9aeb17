import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import tseslint from "typescript-eslint";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Import boundaries: which files may not import what, and the sentence that says why. */
const boundary = (files, patterns, message, ignores = []) => ({
  files,
  ignores,
  rules: { "no-restricted-imports": ["error", { patterns: [{ group: patterns, message }] }] },
});

export default tseslint.config(
  { ignores: ["dist/**", ".cache/**", "node_modules/**", ".tap/**", "**/*.mjs", "**/*.js"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
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
  boundary(
    ["src/domain/**"],
    ["node:*", "../../*", "ioredis", "amqplib", "@aws-sdk/*", "pino", "ajv"],
    "domain/ is pure: it imports only domain/.",
  ),
  boundary(
    ["src/*.ts", "src/commands/*.ts", "src/doctor/*.ts"],
    ["./adapters/*", "../adapters/*", "ioredis", "amqplib", "@aws-sdk/*", "pino"],
    "Use cases know ports; only app.ts and app/ open adapters.",
    ["src/app/**"],
  ),
  boundary(
    ["src/adapters/**"],
    [
      "../app.ts",
      "../app/*",
      "../tick.ts",
      "../ingest.ts",
      "../notify.ts",
      "../consume.ts",
      "../cli.ts",
      "../main.ts",
      "**/demo/**",
    ],
    "An adapter implements a port and knows nothing above it.",
  ),
);
