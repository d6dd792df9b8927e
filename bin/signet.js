#!/usr/bin/env node
// Starts the command line. Kept in the JavaScript of ten years ago, so that an old Node.js can read it
// and say that it is too old.
'use strict';
/* eslint-disable no-var */
var oldest = 24;
var found = process.versions.node;

if (Number(found.split('.')[0]) < oldest) {
  process.stderr.write('signet needs Node.js ' + oldest + ' or newer, and this is ' + found + '\n');
  process.exitCode = 1;
} else {
  // Not an import declaration: those are followed before the first line is run.
  import('./start.js').catch(function (error) {
    process.stderr.write(String(error && error.stack) + '\n');
    process.exitCode = 1;
  });
}
