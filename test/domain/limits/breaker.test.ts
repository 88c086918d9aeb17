import t from "tap";
import { describeTrouble, openedBreaker, breakerStateOf, type Breaker } from "../../../src/domain/limits/breaker.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { NOW } from "../../support/world/image.ts";

const FAILING = { trouble: "failing", code: "RequestLimitExceeded" } as const;
const SHUT = { trouble: "shut", code: "OptInRequired" } as const;

t.test("a breaker is open until its time has come, then one probe decides; without one all goes on", (t) => {
  const breaker = openedBreaker(null, FAILING, NOW, 1);
  t.equal(breakerStateOf(null, NOW), "closed");
  t.equal(breakerStateOf(breaker, NOW), "open");
  t.equal(breakerStateOf(breaker, breaker.askAgainAt - 1), "open");
  t.equal(breakerStateOf(breaker, breaker.askAgainAt), "half-open");
  t.end();
});

t.test("each probe in vain makes the pause longer, up to an hour; jitter takes at most half of it", (t) => {
  for (const [fraction, minutes] of [
    [1, [2, 4, 8, 16, 32, 60, 60]],
    [0, [1, 2, 4, 8, 16, 30, 30]],
  ] as const) {
    let breaker: Breaker | null = null;
    let now = NOW;
    for (const [index, expected] of minutes.entries()) {
      breaker = openedBreaker(breaker, FAILING, now, fraction);
      t.same(breaker, { ...FAILING, since: NOW, times: index + 1, askAgainAt: now + expected * MINUTE_MS });
      now = breaker.askAgainAt;
    }
  }
  t.end();
});

t.test("where every region waits for the account, it is asked again after ten minutes at the most", (t) => {
  let breaker: Breaker | null = null;
  for (const minutes of [2, 4, 8, 10, 10]) {
    breaker = openedBreaker(breaker, { trouble: "account", code: "ExpiredToken" }, NOW, 1);
    t.equal(breaker.askAgainAt - NOW, minutes * MINUTE_MS);
  }
  t.end();
});

t.test("what is shut is asked again daily, and so much early that a daily pass does not miss it", (t) => {
  let breaker = openedBreaker(null, SHUT, NOW, 0.5);
  for (let day = 0; day < 5; day += 1) {
    t.equal(breaker.askAgainAt - (NOW + day * DAY_MS), DAY_MS - HOUR_MS / 2);
    breaker = openedBreaker(breaker, SHUT, NOW + (day + 1) * DAY_MS, 0.5);
  }
  t.end();
});

t.test("another trouble begins its own count; since when nothing is done there stands", (t) => {
  let breaker = openedBreaker(null, SHUT, NOW, 0);
  for (let time = 0; time < 4; time += 1) breaker = openedBreaker(breaker, SHUT, NOW + DAY_MS, 0);
  t.match(openedBreaker(breaker, FAILING, NOW + 2 * DAY_MS, 1), {
    ...FAILING,
    since: NOW,
    times: 1,
    askAgainAt: NOW + 2 * DAY_MS + 2 * MINUTE_MS,
  });
  t.end();
});

t.test("a trouble that began tomorrow, by a wrong clock, has begun by now: it is told as others are", (t) => {
  const wrong = openedBreaker(null, FAILING, NOW + 30 * DAY_MS, 0);
  t.equal(openedBreaker(wrong, FAILING, NOW, 0).since, NOW);
  t.end();
});

t.test("a trouble says in one line what is wrong, with EC2's word for it, and what helps", (t) => {
  const rows: readonly (readonly [Pick<Breaker, "trouble" | "code">, RegExp])[] = [
    [SHUT, /not open to the account, or is none of AWS \(OptInRequired\): enable it for the account/],
    [FAILING, /fails there again and again \(RequestLimitExceeded\): if it lasts, look at/],
    [
      { trouble: "failing", code: "AuthFailure" },
      /does not accept the credentials there \(AuthFailure\), and STS does/,
    ],
    [{ trouble: "failing", code: "PendingVerification" }, /still verifies the account for the region/],
    [
      { trouble: "account", code: "ExpiredToken" },
      /whose the credentials are \(ExpiredToken\): if it lasts, mend the credentials, the clock/,
    ],
    [{ trouble: "account", code: "Blocked" }, /has blocked the account/],
    [{ trouble: "account", code: "wrong-account" }, /belong to another account/],
  ];
  for (const [trouble, line] of rows) t.match(describeTrouble(trouble), line);
  t.end();
});
