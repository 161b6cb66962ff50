package io.gibbon.runtime.schedule;

/**
 * What is done for documents beside the steps: cutting them, and turning encoded contexts into the
 * format that they are kept in.
 */
interface SideWork extends Runnable {

  /** It will never run: frees what it holds and tells whom it concerns. */
  void drop();
}
