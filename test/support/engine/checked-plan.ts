import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { launcherWithin, launcherWithoutLimit } from '../../../webserver/cluster/memory-limit'
import { childEnvironment } from '../../../webserver/config/process-environment'
import { pathsOf } from '../../../webserver/config/paths'
import type { Config } from '../../../webserver/config/schema'
import { type CheckOptions, ModelChecker } from '../../../webserver/model/checker/model-checker'
import type { PlannedModel } from '../../../webserver/model/model-plan'
import { planModels } from '../../../webserver/model/plan-models'
import { createLogger } from '../../../webserver/platform/logger'

const program = join(__dirname, '../../../dist/webserver/main.js')

/** Checks models as the primary does it, and counts the processes that it took. */
export class TestChecker {
  started = 0
  private readonly checker: ModelChecker

  constructor(private readonly config: Config) {
    mkdirSync(pathsOf(config).run, { recursive: true })
    this.checker = new ModelChecker({
      config,
      storePath: pathsOf(config).modelChecks,
      log: createLogger('silent', 'test', 1),
      start: (cpuSecondsMax) => this.start(cpuSecondsMax),
    })
  }

  async check(options?: CheckOptions): Promise<PlannedModel[]> {
    const { models: settings } = this.config
    const plan = await planModels({ directory: pathsOf(this.config).models, settings })
    return this.checker.check(plan, options)
  }

  private start(cpuSecondsMax: number) {
    this.started++
    const { config } = this
    const { memoryBytesMax } = config.inference
    return fork(program, {
      ...(launcherWithin(memoryBytesMax, cpuSecondsMax) ?? launcherWithoutLimit()),
      stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
      env: childEnvironment({ role: 'checker', slot: 1, config, run: null }),
    })
  }
}
