import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The packages that carry each program, by package manager. */
const packages = {
  nginx: 'nginx',
  jq: 'jq',
  awk: { apt: 'mawk', dnf: 'gawk', apk: 'gawk' },
  sqlite3: { apt: 'sqlite3', dnf: 'sqlite', apk: 'sqlite' },
  prlimit: { apt: 'util-linux', dnf: 'util-linux', apk: 'util-linux-misc' },
  curl: 'curl',
  wrk: 'wrk',
  aria2c: { apt: 'aria2', dnf: 'aria2', apk: 'aria2' },
  wget: 'wget',
  chromium: 'chromium',
  'fiu-run': { apt: 'fiu-utils', dnf: 'libfiu', apk: 'libfiu' },
}

const managers = [
  {
    name: 'apt',
    program: 'apt-get',
    refresh: ['update', '-qq'],
    install: ['install', '-y', '-qq', '--no-install-recommends'],
  },
  { name: 'dnf', program: 'dnf', refresh: null, install: ['install', '-y', '-q'] },
  { name: 'apk', program: 'apk', refresh: ['update', '-q'], install: ['add', '-q'] },
]

/** Installs what is missing where that is allowed, and otherwise says the command to type. Never fails the setup. */
export function installSystemPackages(programs, say) {
  const missing = programs.filter((program) => !isInstalled(program))
  if (missing.length === 0) return
  const manager = managers.find(({ program }) => isInstalled(program))
  if (manager === undefined)
    return say(`please install ${missing.join(', ')} yourself: no known package manager is here.`)
  const names = missing.map((program) => nameFor(program, manager))
  const command = [manager.program, ...manager.install, ...names]
  if (process.getuid?.() !== 0)
    return say(`missing ${missing.join(', ')}; type: sudo ${command.join(' ')}`)
  say(`installing ${names.join(', ')} (${manager.program}).`)
  withoutStartingServices(() => {
    if (manager.refresh !== null) run(manager.program, manager.refresh)
    run(manager.program, command.slice(1))
  })
  const still = missing.filter((program) => !isInstalled(program))
  if (still.length > 0) say(`could not install ${still.join(', ')}; type: ${command.join(' ')}`)
}

function nameFor(program, { name }) {
  const known = packages[program]
  return typeof known === 'string' ? known : known[name]
}

function isInstalled(program) {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/sbin',
    '/usr/local/sbin',
  ]
  return folders.some((folder) => isExecutable(join(folder, program)))
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function run(program, args) {
  spawnSync(program, args, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

/** Debian starts a server as soon as it is installed, on port 80; invoke-rc.d asks this script whether it may. */
function withoutStartingServices(work) {
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    work()
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}
