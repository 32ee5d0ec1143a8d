// Brings a bare machine to where the service can run: packages, build, nginx. Needs nothing but Node, says what it
// does, and does nothing the second time. Usage: node webserver/setup/setup.mjs start|test|bench
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installSystemPackages } from './system-packages.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const tools = {
  start: ['nginx'],
  test: [
    ...['nginx', 'jq', 'awk', 'sqlite3', 'prlimit', 'curl', 'wget', 'aria2c'],
    ...['chromium', 'fiu-run'],
  ],
  bench: ['nginx', 'wrk'],
}

function main() {
  const purpose = process.argv[2] ?? 'start'
  requireNode()
  installPackages()
  build()
  installSystemPackages(tools[purpose] ?? [], say)
}

function say(message) {
  process.stderr.write(`setup: ${message}\n`)
}

function stop(message) {
  say(message)
  process.exit(1)
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error || status !== 0)
    stop(`"${[command, ...args].join(' ')}" failed; its messages are above.`)
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 15)) return
  stop(`Gristmill needs Node 20.15 or newer; this is ${process.versions.node}.`)
}

/** Runs `npm ci` unless these very packages were installed for this very Node. */
function installPackages() {
  const stamp = join(root, 'node_modules', '.gristmill-packages')
  const lock = readFileSync(join(root, 'package-lock.json'))
  const wanted = `${createHash('sha256').update(lock).digest('hex')} ${process.versions.modules}`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('installing the packages (npm ci); better-sqlite3 may compile for two minutes.')
  run('npm', ['ci', '--no-progress'])
  requireNativeModule('better-sqlite3')
  writeFileSync(stamp, wanted)
}

/** npm may have refused to run a package's build script (allowScripts); then it is run here. */
function requireNativeModule(name) {
  if (loads(name)) return
  say(`building ${name}.`)
  run('npm', ['rebuild', name, '--ignore-scripts=false'])
  if (!loads(name))
    stop(`${name} does not load; is a C++ toolchain installed (g++, make, python3)?`)
}

function loads(name) {
  const require = createRequire(join(root, 'package.json'))
  try {
    new (require(name))(':memory:').close()
    return true
  } catch {
    return false
  }
}

/** Compiles when a source is newer than the last build. */
function build() {
  const stamp = join(root, 'dist', '.built')
  const sources = ['webserver', 'perf', 'cluster.config.ts', 'tsconfig.json', 'tsconfig.build.json']
  const newest = Math.max(...sources.map((source) => newestIn(join(root, source))))
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return
  say('building (tsc).')
  run(process.execPath, [
    join('node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ])
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, '')
}

function newestIn(path) {
  const stats = statSync(path)
  if (!stats.isDirectory())
    return path.endsWith('.ts') || path.endsWith('.json') ? stats.mtimeMs : 0
  const inside = readdirSync(path).filter((name) => name !== 'logs')
  return Math.max(0, ...inside.map((name) => newestIn(join(path, name))))
}

main()
