import { loadConfig } from '../config/load'
import { AppError } from '../domain/errors'
import { createLogger, type Logger } from '../platform/logger'
import { startBlock } from './announce'
import { Service } from './service'
import { StartError } from './start-error'

/**
 * The process that `npm start` runs. SIGTERM and SIGINT stop the service in order, a second one at once; SIGHUP replaces
 * workers and engines without a gap. Exit code 0 after a clean stop, 1 after anything else.
 */
export async function runPrimary(): Promise<void> {
  const { config, hooks } = loadConfig()
  const log = createLogger(config.log.level, 'primary', 0)
  const primary = new Primary(log, (onFatal) => new Service({ config, hooks, log, onFatal }))
  await primary.run()
}

class Primary {
  private readonly service: Service
  private readonly stopping = new AbortController()
  private reloading: Promise<void> | null = null
  private started = false

  constructor(
    private readonly log: Logger,
    create: (onFatal: (why: string) => void) => Service,
  ) {
    this.service = create((why) => this.fail(why))
  }

  async run(): Promise<void> {
    this.listen()
    try {
      const started = await this.service.start(this.stopping.signal)
      this.started = true
      process.stdout.write(startBlock(started))
    } catch (error) {
      if (this.stopping.signal.aborted) return
      if (!(error instanceof StartError || error instanceof AppError))
        this.log.error({ err: error }, 'could not start')
      this.fail(error instanceof Error ? error.message : String(error))
    }
  }

  private listen(): void {
    const stop = (signal: NodeJS.Signals) => {
      if (this.stopping.signal.aborted) this.endNow()
      this.log.info({ signal }, 'stopping')
      void this.stop(signal, 0)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    process.on('SIGHUP', () => this.reload())
    process.on('uncaughtException', (error) => this.crash(error))
    process.on('unhandledRejection', (error) => this.crash(error))
  }

  private fail(why: string): void {
    if (this.stopping.signal.aborted) return
    process.stderr.write(`gristmill: ${why}\n`)
    void this.stop('failed', 1)
  }

  private async stop(why: string, exitCode: number): Promise<void> {
    this.stopping.abort()
    const clean = await this.service.stop(why)
    process.exit(clean ? exitCode : 1)
  }

  private endNow(): void {
    this.log.warn('stopping at once')
    this.service.kill()
    process.exit(1)
  }

  /** The state of the primary is unknown: its processes end themselves when it is gone. */
  private crash(error: unknown): void {
    this.log.fatal({ err: error }, 'uncaught error')
    this.service.kill()
    process.exit(1)
  }

  private reload(): void {
    if (!this.started || this.reloading !== null || this.stopping.signal.aborted) {
      this.log.warn('not reloading: the service is starting, stopping or reloading already')
      return
    }
    this.log.info('reloading')
    this.reloading = this.service
      .reload()
      .catch((error: unknown) => this.log.error({ err: error }, 'the reload stopped halfway'))
      .finally(() => (this.reloading = null))
  }
}
