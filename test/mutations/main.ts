import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { transformSync } from '@swc/core'
import { mutants, suites, type Mutant } from './mutants'

const root = resolve(__dirname, '../..')
const copied = ['webserver', 'perf', 'test', 'dist', 'cluster.config.ts', 'nginx.conf']
const settings = ['package.json', 'tsconfig.json', 'jest.config.js']
const suiteTimeoutMs = 300_000

/**
 * Breaks the program on purpose, in a copy, one change at a time, and demands that the tests notice each; or, where one
 * of two safeguards is taken away, that the data stay safe by the other. `npm run test:mutations`, after a build.
 * Exit code 1 when something was not as it must be.
 */
function main(names: readonly string[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-mutations-'))
  try {
    copyInto(directory)
    const chosen = mutants.filter(({ name }) => names.every((part) => name.includes(part)))
    for (const suite of new Set(chosen.map((mutant) => mutant.suite)))
      if (!passes(directory, suite)) throw new Error(`${suite} fails without any change`)
    const wrong = chosen.filter((mutant) => !isAsItMust(directory, mutant))
    process.stdout.write(`${chosen.length - wrong.length} of ${chosen.length} as they must be\n`)
    return wrong.length === 0 ? 0 : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function copyInto(directory: string): void {
  for (const name of [...copied, ...settings]) {
    const from = join(root, name)
    // Runs that were recorded are none of the program.
    const filter = (path: string) => !path.startsWith(join(root, 'perf', 'logs'))
    if (existsSync(from)) cpSync(from, join(directory, name), { recursive: true, filter })
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
}

function isAsItMust(directory: string, mutant: Mutant): boolean {
  const { name, suite, mustSurvive = false } = mutant
  const startedAt = performance.now()
  const undo = mutant.edits.map((edit) => apply(directory, edit))
  const survived = passes(directory, suite)
  for (const step of undo.reverse()) step()
  const elapsedS = ((performance.now() - startedAt) / 1000).toFixed(0)
  const verdict = survived === mustSurvive ? 'as it must be' : 'WRONG'
  const outcome = survived ? 'survived' : 'killed'
  process.stdout.write(
    `${outcome.padEnd(8)} ${verdict.padEnd(13)} ${suite}: ${name} (${elapsedS} s)\n`,
  )
  return survived === mustSurvive
}

/** Changes the source, which the tests load, and what is compiled from it, which the writer runs. @returns what takes it back. */
function apply(directory: string, { file, find, replace }: Mutant['edits'][number]): () => void {
  const source = join(directory, file)
  const text = readFileSync(source, 'utf8')
  if (text.split(find).length !== 2) throw new Error(`${file} has not once: ${find}`)
  const changed = text.replace(find, () => replace)
  const compiled = join(directory, 'dist', file.replace(/\.ts$/, '.js'))
  const before = readFileSync(compiled, 'utf8')
  writeFileSync(source, changed)
  writeFileSync(compiled, compile(changed))
  return () => {
    writeFileSync(source, text)
    writeFileSync(compiled, before)
  }
}

function compile(text: string): string {
  return transformSync(text, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  }).code
}

function passes(directory: string, suite: keyof typeof suites): boolean {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js')
  const { status, signal } = spawnSync(process.execPath, [jest, ...suites[suite], '--bail'], {
    cwd: directory,
    env: { ...process.env, AUTHORISATION_DATA_ONLY: suite === 'data' ? '1' : '' },
    stdio: 'ignore',
    timeout: suiteTimeoutMs,
  })
  // What hangs has noticed too.
  if (signal !== null) return false
  return status === 0
}

process.exitCode = main(process.argv.slice(2))
