// Preloaded into a service: its workers and its writer run under libfiu, which can make their system calls fail
// (test/support/service/disk-faults.ts). A child gets no more of the environment than the primary hands it, hence this.
const { ChildProcess } = require('node:child_process')

const libraries = ['/usr/lib/fiu/fiu_run_preload.so', '/usr/lib/fiu/fiu_posix_preload.so']

if (process.env.GRISTMILL_PROCESS === undefined) {
  const { spawn } = ChildProcess.prototype
  ChildProcess.prototype.spawn = function (options) {
    if (options.envPairs.some((pair) => /"role":"(worker|writer)"/.test(pair)))
      options.envPairs.push(`LD_PRELOAD=${libraries.join(' ')}`, 'FIU_CTRL_FIFO=/tmp/fiu-ctrl')
    return spawn.call(this, options)
  }
}
