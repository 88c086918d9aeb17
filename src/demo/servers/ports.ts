import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Different free ports on the loopback interface. Somebody may take one before it is used: see `onFreePorts`. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until all are known, so that they differ.
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, "close");
      return typeof address === "object" && address !== null ? address.port : 0;
    }),
  );
}

/** Runs `use` with free ports, twice more with other ones when somebody else took one in between. */
export async function onFreePorts<T>(count: number, use: (...ports: number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await use(...(await freePorts(count)));
    } catch (error) {
      const collided = error instanceof Error && /address (already )?in use|eaddrinuse/i.test(error.message);
      if (!collided || attempt === 3) throw error;
    }
  }
}

/** Rejects unless somebody listens there. */
export async function probePort(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
