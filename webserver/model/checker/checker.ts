import { setPriority } from 'node:os'
import { join } from 'node:path'
import type { RoleContext, Running } from '../../config/process-setup'
import { enterEmptyDirectory } from '../engine/empty-directory'
import { loadReason } from '../engine/infer-error'
import { loadRuntime, type Runtime } from '../engine/ort-runtime'
import type { PlannedModel } from '../model-plan'
import { measureModel, openModel } from './check-model'
import type { CheckerMessage, CheckRequest } from './messages'

/**
 * The process in which a model file is looked at for the first time, one model after the other. It may end at any of
 * them: that is what it is for.
 * @throws {Error} when ONNX Runtime is not to be had.
 */
export async function startChecker({ setup, paths, perf }: RoleContext): Promise<Running> {
  const { inference } = setup.config
  enterEmptyDirectory(join(paths.run, 'checker.cwd'))
  setPriority(inference.niceness)
  const runtime = await loadRuntime(inference)
  process.on('message', (message: CheckRequest | { type: 'other' }) => {
    if (message.type !== 'check') return
    const { model } = message
    const startedAt = perf.now()
    void check(model, runtime, inference).finally(() =>
      perf.call('model_check', startedAt, { m: model.name, v: model.version }),
    )
  })
  return { drain: () => Promise.resolve() }
}

async function check(
  model: PlannedModel,
  runtime: Runtime,
  limits: Parameters<typeof measureModel>[2],
): Promise<void> {
  try {
    const opened = await openModel(model, runtime)
    say({ type: 'checked', checked: opened.checked })
    const rows = await measureModel(opened, runtime, limits)
    // Before the last answer: what is said after it would be taken for one about the next model.
    await opened.session.release()
    say({ type: 'measured', rows })
  } catch (error) {
    say({ type: 'refused', reason: loadReason(error, model.path) })
  }
}

function say(message: CheckerMessage): void {
  process.send?.(message)
}
