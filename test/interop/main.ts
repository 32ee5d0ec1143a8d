import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addSubModel, identityModel } from '../../perf/bench/models'
import type { ElementType } from '../../perf/bench/onnx-model'
import { preparePython } from '../../perf/bench/python-environment'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'
import { datatypeCases } from '../support/engine/datatype-cases'

const identityFile = identityModel('float32')

function identityModels(): Record<string, Uint8Array> {
  const named = ({ datatype, type }: { datatype: string; type: ElementType }) =>
    [`identity_${datatype.toLowerCase()}`, identityModel(type)] as const
  return Object.fromEntries(datatypeCases.map(named))
}

/** A model whose output has names for its classes. */
function placeLabels(directory: string): void {
  const model = join(directory, 'data/models/classes')
  mkdirSync(join(model, '1'), { recursive: true, mode: 0o700 })
  writeFileSync(join(model, 'labels.txt'), 'cat\ndog\nbird\nfish\n')
  writeFileSync(join(model, 'model.json'), JSON.stringify({ labels: 'labels.txt' }))
}

async function start(directory: string): Promise<Service> {
  placeLabels(directory)
  return await startService({
    directory,
    // The name that the client's own examples insist on; bodies small enough for one that nginx refuses.
    settings: {
      cluster: { workers: 2, engines: 2 },
      models: { mode: 'explicit', load: '*' },
      inference: {
        serverName: 'triton',
        bodyBytesMax: 4 * 1024 * 1024,
        systemSharedMemory: true,
      },
    },
    models: {
      ...identityModels(),
      simple: addSubModel(),
      classes: identityModel('float32', ['N', 4]),
      movable: identityFile,
    },
  })
}

/** Runs one file of checks and repeats what it prints. @returns its counts. */
async function runChecks(
  python: string,
  file: string,
  environment: Record<string, string>,
): Promise<{ passed: number; failed: number }> {
  process.stdout.write(`\n${file}\n`)
  const child = spawn(python, ['-B', join(__dirname, file)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    process.stdout.write(chunk)
  })
  await once(child, 'close')
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? []
  // A file that ended before its counts is a failure by itself.
  return passed === undefined
    ? { passed: 0, failed: 1 }
    : { passed: Number(passed), failed: Number(failed) }
}

/** The official Python client against the service behind nginx, with sign-in. @returns the exit code. */
async function main(): Promise<number> {
  const python = preparePython(join(__dirname, 'requirements.txt'), (line) =>
    process.stdout.write(`${line}\n`),
  )
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-interop-'))
  const modelFile = join(directory, 'identity.onnx')
  writeFileSync(modelFile, identityFile)
  const service = await start(directory)
  try {
    const { authorization } = await signIn(service)
    const environment = {
      GRISTMILL_ADDRESS: new URL(service.url).host,
      GRISTMILL_TOKEN: authorization.replace('Bearer ', ''),
      GRISTMILL_MODEL_FILE: modelFile,
    }
    const files = readdirSync(__dirname).filter(
      (name) => name.endsWith('.py') && name !== 'harness.py',
    )
    let [passed, failed] = [0, 0]
    for (const file of files) {
      const counts = await runChecks(python, file, environment)
      passed += counts.passed
      failed += counts.failed
    }
    process.stdout.write(`\nall files\n${passed} passed, ${failed} failed\n`)
    return failed === 0 ? 0 : 1
  } finally {
    await service.dispose()
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
