package io.gibbon.cli.ingest;

/**
 * What could be read out of a file.
 *
 * @param title may be empty
 * @param text may be blank
 */
record Extracted(String title, String text) {}
