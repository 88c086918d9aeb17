import t from "tap";
import { startDatagrepper } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { openBench, uploads, until } from "../../support/servers/broker/bus.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";

const ACCOUNT = "125523088429";
const IMAGES = 200;

t.test(
  "a service that was stopped while messages flowed schedules every one, and acts on none before it has heard all",
  async (t) => {
    const ec2 = await startEc2Simulator({ accounts: { AKIDDEMO: { id: ACCOUNT } } });
    const archive = await startDatagrepper();
    t.teardown(async () => {
      await ec2.close();
      await archive.close();
    });
    const bench = await openBench(t, serverUrl("TEST_REDIS_URL"), { ec2Url: ec2.url, datagrepperUrl: archive.url });
    const first = await bench.start();
    await first.line((line) => line.msg === "heard everything");
    t.equal(await first.end("SIGTERM"), 0);
    // An hour after its last consumer the public broker has forgotten the queue, and all that was in it.
    await bench.publisher.deleteQueue(bench.at.queue);
    await bench.ledger.setHeardUntil(Date.now() - 3 * 86_400_000);

    const sentAt = Date.now() - 60_000;
    const missed = uploads(IMAGES);
    for (const message of missed) {
      const body = JSON.parse(message.body.toString()) as {
        destination: string;
        image_name: string;
        extra: { id: string };
      };
      ec2.addImage(body.destination, { id: body.extra.id, name: body.image_name, createdAt: sentAt, snapshots: [] });
      const headers = { ...message.headers, "sent-at": new Date(sentAt).toISOString() };
      archive.add({ topic: message.topic, id: message.messageId, at: sentAt, headers, body });
    }
    const lift = archive.fail({ times: Infinity, trouble: { kind: "gateway", status: 503 } });
    const second = await bench.start();
    // One of the missed images is announced again on the bus: it is known, and due, while the rest was not heard.
    const [again] = missed;
    if (again === undefined) throw new Error("nothing was missed");
    await bench.publisher.send([
      { ...again, headers: { ...again.headers, "sent-at": new Date(sentAt).toISOString() } },
    ]);
    await until("the one on the bus is scheduled", async () => (await bench.ledger.images()).size === 1);
    await second.line((line) => line.msg === "region ticked" && line["deaf"] !== undefined);
    t.same(ec2.journal.mutating(), [], "deaf, it changes nothing");
    lift();
    await until("everything is scheduled", async () => (await bench.ledger.images()).size === IMAGES);
    await second.line((line) => line.msg === "image worked" && line["plan"] === "make-private");
    const messages = second.lines.map((line) => line.msg);
    t.ok(
      messages.indexOf("heard everything") < messages.indexOf("image worked"),
      "it acted only after it had heard all",
    );
    t.equal(await second.end("SIGTERM"), 0);
  },
);
