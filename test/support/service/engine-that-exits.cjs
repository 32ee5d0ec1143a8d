// Preloaded into every process of a service: its engines end before they begin.
if (process.env.GRISTMILL_PROCESS?.includes('"role":"engine"')) process.exit(7)
