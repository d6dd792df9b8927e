import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Cap, Connections } from '../../src/rpc/connections.ts';

const caps = (key: string, limit: number): Cap[] => [
  { key: 'all', limit: 10 },
  { key, limit },
];

describe('connections', () => {
  it('are admitted up to the limit of each key they share', () => {
    const connections = new Connections();
    const admit = (key: string) => connections.admit(new net.Socket(), caps(key, 2));
    expect(['a', 'a', 'a', 'b'].map(admit)).toEqual([true, true, false, true]);
    expect(connections.size).toBe(3);
  });

  it('are admitted up to the limit of all', () => {
    const connections = new Connections();
    const admitted = Array.from({ length: 12 }, (_, index) =>
      connections.admit(new net.Socket(), caps(`${index}`, 2)),
    );
    expect(admitted.filter(Boolean)).toHaveLength(10);
  });

  it('make room when they close, and count once however often they do', async () => {
    const connections = new Connections();
    const socket = new net.Socket();
    connections.admit(socket, caps('a', 1));
    expect(connections.admit(new net.Socket(), caps('a', 1))).toBe(false);
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
    expect(connections.size).toBe(0);
    expect(connections.admit(new net.Socket(), caps('a', 1))).toBe(true);
    expect(connections.admit(new net.Socket(), caps('a', 1))).toBe(false);
  });

  it('are gone at once when refused', () => {
    const socket = new net.Socket();
    new Connections().admit(socket, [{ key: 'none', limit: 0 }]);
    expect(socket.destroyed).toBe(true);
  });

  it('end in order when somebody serves them, and at once when nobody does yet', async () => {
    const connections = new Connections();
    const [served, fresh] = [new net.Socket(), new net.Socket()];
    const events: string[] = [];
    connections.admit(served, []);
    connections.admit(fresh, []);
    connections.serve(served, {
      injectConnection: () => undefined,
      drain: (graceMs) => {
        events.push(`drain ${graceMs}`);
        served.destroy();
      },
      destroy: () => events.push('destroy'),
    });
    await connections.drain(5);
    expect(events).toEqual(['drain 5', 'destroy']);
    expect(fresh.destroyed).toBe(true);
    expect(connections.size).toBe(0);
  });

  it('have nothing to drain when there are none', async () => {
    await expect(new Connections().drain(1000)).resolves.toBeUndefined();
  });

  it('end with whoever comes too late to serve them', () => {
    let destroyed = false;
    new Connections().serve(new net.Socket(), {
      injectConnection: () => undefined,
      drain: () => undefined,
      destroy: () => (destroyed = true),
    });
    expect(destroyed).toBe(true);
  });
});
