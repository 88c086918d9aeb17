import { connect } from "amqplib";

/**
 * What the client alone can do: consumes a queue as we do, prefetch 250, one acknowledgement a hundred messages, and nothing else.
 * Prints, at half and at the end, how many messages it has had.
 */
const [url = "", queue = "", count = "0"] = process.argv.slice(2);
const total = Number(count);
const model = await connect(url);
const channel = await model.createChannel();
await channel.prefetch(250);
let seen = 0;
await channel.consume(queue, (message) => {
  if (message === null) return;
  seen += 1;
  if (seen % 100 === 0 || seen === total) channel.ack(message, true);
  if (seen === total / 2 || seen === total) console.log(seen);
});
process.once("SIGTERM", () => void model.close());
