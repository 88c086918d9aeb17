import t from "tap";
import { placeAt, placeOf, threadIdOf } from "../../../src/adapters/pagure/places.ts";

const HERE = { url: "https://pagure.example/base", repo: "ami-reports" };

t.test("an issue is known again by its address, whatever Pagure was called then", (t) => {
  for (const [address, repo] of [
    ["https://pagure.example/base/ami-reports/issue/12", "ami-reports"],
    ["https://old.example/ami-reports/issue/12", "ami-reports"],
    ["https://pagure.example/base/fork/us%20er/old/issue/12", "fork/us er/old"],
  ] as const)
    t.same(placeAt(address, HERE), { repo, number: 12 }, address);
  for (const place of [
    { repo: "ami-reports", number: 12 },
    { repo: "old/repo", number: 3 },
  ])
    t.same(placeOf(threadIdOf(place, HERE), HERE), place);
  t.end();
});

t.test("an address that is none, or of nothing that Pagure has, is no issue and stops nobody", (t) => {
  for (const address of ["", "garbage", "https://pagure.example/%zz/issue/1", "https://pagure.example/%ff/issue/1"])
    t.equal(placeAt(address, HERE), null, address);
  t.equal(placeAt("https://pagure.example/ami-reports/issue/x", HERE), null);
  t.end();
});
