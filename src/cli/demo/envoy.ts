// Runs an Envoy and asks it how it is. Whatever happens to us, no Envoy is left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { SignetError } from '../../runtime/errors.ts';
import { type Certificates, EnvoyAdmin } from './envoy-admin.ts';
import { fetchEnvoy } from './envoy-binary.ts';

export { envoyVersion, fetchEnvoy, findEnvoy } from './envoy-binary.ts';

export interface StartOptions {
  /** `fetchEnvoy()` unless given. */
  readonly executable?: string;
  readonly clock?: Clock;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const pollMs = 5;
const startMs = 20_000;
const stopMs = 3000;

export class Envoy implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #clock: Clock;
  #admin: EnvoyAdmin | undefined;
  #ports: ReadonlyMap<string, number> = new Map();

  private constructor(child: ChildProcess, directory: string, clock: Clock) {
    this.#child = child;
    this.#directory = directory;
    this.#clock = clock;
  }

  /**
   * Starts an Envoy and waits until its admin interface answers. It may have no secrets yet.
   *
   * @throws SignetError `envoy.*`
   */
  static async start(config: object, options: StartOptions = {}): Promise<Envoy> {
    const { executable = await fetchEnvoy(), clock = systemClock } = options;
    const directory = await mkdtemp(join(tmpdir(), 'signet-envoy-'));
    const file = join(directory, 'envoy.json');
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    const [admin, log] = [join(directory, 'admin'), join(directory, 'log')];
    const frugal = ['--concurrency', '1', '--disable-hot-restart'];
    const logged = ['--file-flush-interval-msec', '20', '-l', 'warning', '--log-path', log];
    const args = ['-c', file, '--admin-address-path', admin, ...frugal, ...logged];
    const child = spawn(executable, args, { stdio: 'ignore' });
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.once('error', () => running.delete(child));
    const envoy = new Envoy(child, directory, clock);
    try {
      await envoy.#meet();
      return envoy;
    } catch (error) {
      await envoy.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Of the admin interface, on loopback. */
  get adminPort(): number {
    return this.#adminOf().port;
  }

  /** Of the listeners, by name. */
  get ports(): ReadonlyMap<string, number> {
    return this.#ports;
  }

  /** @throws SignetError `envoy.not_ready` if there is no such listener */
  port(listener: string): number {
    const port = this.#ports.get(listener);
    if (port === undefined) throw new SignetError('envoy.not_ready');
    return port;
  }

  /** Counters and gauges whose name matches the regular expression. */
  stats(filter: string): Promise<ReadonlyMap<string, number>> {
    return this.#adminOf().stats(filter);
  }

  /** The certificates in use. */
  certs(): Promise<readonly Certificates[]> {
    return this.#adminOf().certs();
  }

  /** One part of the configuration, such as `dynamic_active_secrets`; private keys are left out. */
  configDump(resource: string): Promise<unknown> {
    return this.#adminOf().json(`/config_dump?resource=${resource}`);
  }

  /** Whether it serves now. After its time-out it does so without any secret. */
  isReady(): Promise<boolean> {
    return this.#adminOf().isReady();
  }

  /** Waits until it serves. @throws SignetError `envoy.not_ready`, `envoy.exited` */
  async ready(timeoutMs = startMs): Promise<void> {
    await this.until(() => this.isReady(), timeoutMs);
  }

  /** Waits until something holds. @throws SignetError `envoy.not_ready`, `envoy.exited` */
  async until(holds: () => boolean | Promise<boolean>, timeoutMs = startMs): Promise<void> {
    const deadline = this.#clock.monotonicMs() + timeoutMs;
    while (!(await holds())) {
      if (this.#hasExited()) throw new SignetError('envoy.exited', { cause: this.#complaint() });
      if (this.#clock.monotonicMs() > deadline) {
        throw new SignetError('envoy.not_ready', { cause: this.#complaint() });
      }
      await this.#clock.sleep(pollMs, new AbortController().signal);
    }
  }

  /** Everything it logged, warnings and above. */
  log(): string {
    return readIfThere(join(this.#directory, 'log'));
  }

  /** Ends it, by force if it must be, and removes its files. */
  async stop(): Promise<void> {
    if (!this.#hasExited()) {
      const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
      const patience = new AbortController();
      this.#child.kill('SIGTERM');
      const forced = this.#clock.sleep(stopMs, patience.signal).then(
        () => this.#child.kill('SIGKILL'),
        () => false,
      );
      await exited;
      patience.abort();
      await forced;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #meet(): Promise<void> {
    const file = join(this.#directory, 'admin');
    await this.until(() => readIfThere(file).includes(':'));
    this.#admin = new EnvoyAdmin(Number(readIfThere(file).trim().split(':').at(-1)));
    await this.until(() => this.#adminOf().isUp());
    this.#ports = await this.#adminOf().ports();
  }

  #adminOf(): EnvoyAdmin {
    if (this.#admin === undefined) throw new SignetError('envoy.not_ready');
    return this.#admin;
  }

  #hasExited(): boolean {
    const { exitCode, signalCode, pid } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  #complaint(): Error {
    return new Error(this.log().slice(-4096));
  }
}

/** As `Envoy.start`. */
export function startEnvoy(config: object, options: StartOptions = {}): Promise<Envoy> {
  return Envoy.start(config, options);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
