import t from "tap";
import { placeOf, threadIdOf } from "../../../src/adapters/forge/forge.ts";
import { ForgejoCalls } from "../../../src/adapters/forgejo/calls.ts";
import { PagureCalls } from "../../../src/adapters/pagure/calls.ts";

const ACCESS = { token: "x", userAgent: "test", timeoutMs: 1_000 };
const FORGES = [
  {
    forge: new PagureCalls({ ...ACCESS, url: "https://forge.example/base", repo: "releng/ami-reports" }),
    word: "issue",
    other: "fork/us%20er/old",
  },
  {
    forge: new ForgejoCalls({ ...ACCESS, url: "https://forge.example/base", repo: "releng/ami-reports" }),
    word: "issues",
    other: "us%20er/old",
  },
] as const;

for (const { forge, word, other } of FORGES) {
  t.test(`${forge.service}: an issue is known again by its address, whatever the forge was called then`, (t) => {
    for (const [address, repo] of [
      [`https://forge.example/base/releng/ami-reports/${word}/12`, "releng/ami-reports"],
      [`https://old.example/releng/ami-reports/${word}/12`, "releng/ami-reports"],
      [`https://forge.example/base/${other}/${word}/12`, decodeURIComponent(other)],
    ] as const)
      t.same(forge.placeAt(address), { repo, number: 12 }, address);
    for (const place of [
      { repo: "releng/ami-reports", number: 12 },
      { repo: "old/repo", number: 3 },
    ])
      t.same(placeOf(threadIdOf(place, forge), forge), place);
    t.end();
  });

  t.test(`${forge.service}: an address that is none, or of nothing that it has, is no issue and stops nobody`, (t) => {
    for (const address of [
      "",
      "garbage",
      `https://forge.example/%zz/a/${word}/1`,
      `https://forge.example/%ff/a/${word}/1`,
    ])
      t.equal(forge.placeAt(address), null, address);
    t.equal(forge.placeAt(`https://forge.example/releng/ami-reports/${word}/x`), null);
    t.end();
  });
}

t.test("no forge takes the other's address for its own", (t) => {
  const [{ forge: pagure }, { forge: forgejo }] = FORGES;
  t.equal(forgejo.placeAt("https://forge.example/base/releng/ami-reports/issue/1"), null);
  t.equal(pagure.placeAt("https://forge.example/base/releng/ami-reports/issues/1"), null);
  t.end();
});
