import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = join(__dirname, '../..')
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
const rules = join(root, '.dependency-cruiser.cjs')

function cruise(folder: string, sources: string[]): { output: string; status: number | null } {
  const args = [cruiser, '--config', rules, '--output-type', 'err', ...sources]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
  })
  return { output: stdout + stderr, status }
}

describe('the layers of the program', () => {
  it('import one way', () => {
    const { output, status } = cruise(root, ['webserver', 'perf', 'cluster.config.ts'])
    expect({ status, output }).toEqual({
      status: 0,
      output: expect.stringContaining('no dependency violations') as string,
    })
  })

  // Each row breaks one rule on purpose: a rule that no longer catches its row has lost its meaning.
  it.each([
    [
      'domain-imports-nothing',
      'webserver/domain/a.ts',
      "import { b } from '../services/b'",
      'webserver/services/b.ts',
    ],
    [
      'platform-knows-nothing-of-us',
      'webserver/platform/a.ts',
      "import { b } from '../domain/b'",
      'webserver/domain/b.ts',
    ],
    [
      'services-know-the-domain-only',
      'webserver/services/a.ts',
      "import { b } from '../database/b'",
      'webserver/database/b.ts',
    ],
    [
      'a-backend-knows-no-backend',
      'webserver/blobs/a.ts',
      "import { b } from '../services/b'",
      'webserver/services/b.ts',
    ],
    [
      'database-knows-no-blobs',
      'webserver/database/a.ts',
      "import { b } from '../blobs/b'",
      'webserver/blobs/b.ts',
    ],
    [
      'blobs-know-no-database',
      'webserver/blobs/a.ts',
      "import { b } from '../database/b'",
      'webserver/database/b.ts',
    ],
    [
      'a-door-calls-services',
      'webserver/http/a.ts',
      "import { b } from '../database/b'",
      'webserver/database/b.ts',
    ],
    [
      'the-engine-stands-alone',
      'webserver/model/engine/a.ts',
      "import { b } from '../../services/b'",
      'webserver/services/b.ts',
    ],
    ['express-has-one-owner', 'webserver/services/a.ts', "import b from 'express'", null],
    [
      'onnxruntime-has-one-owner',
      'webserver/http/a.ts',
      "import * as b from 'onnxruntime-node'",
      null,
    ],
    ['sqlite-has-one-owner', 'webserver/http/a.ts', "import b from 'better-sqlite3'", null],
    ['cluster-has-one-owner', 'webserver/http/a.ts', "import b from 'node:cluster'", null],
  ])('%s', (rule, file, statement, target) => {
    const folder = mkdtempSync(join(tmpdir(), 'gristmill-layers-'))
    try {
      write(
        folder,
        'tsconfig.json',
        '{ "compilerOptions": { "module": "CommonJS", "esModuleInterop": true } }',
      )
      write(folder, file, `${statement}\nconsole.log(b)\n`)
      if (target !== null) write(folder, target, 'export const b = 1\n')
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
      const { output, status } = cruise(folder, ['webserver'])
      expect({ status, output }).toEqual({
        status: 1,
        output: expect.stringContaining(rule) as string,
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
