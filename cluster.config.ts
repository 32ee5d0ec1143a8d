import { defineCluster } from './webserver/config/define-cluster'

/**
 * How this installation runs. Every setting of notes/configuration.md may stand under `settings`; flags of `npm start`
 * and GRISTMILL_… variables win over it.
 */
export = defineCluster({
  settings: {
    cluster: {
      // workers: 2,
      // engines: 2,
    },
  },
  hooks: {
    // onStarting() {},
    // postFork({ role, slot, pid }) {},
    // workerExit({ role, slot, pid, code, signal }) {},
    // onExit() {},
  },
})
