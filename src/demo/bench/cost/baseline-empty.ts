/** What every program of Node takes. */
process.once("SIGTERM", () => process.exit());
console.log("here");
setInterval(() => undefined, 60_000);
