/**
 * Finds what makes answers best, without labels: APE's temperature and scaling factor, and the
 * heads whose attention tells where an answer comes from. Questions are made from the documents.
 */
@NullMarked
package io.gibbon.runtime.calibrate;

import org.jspecify.annotations.NullMarked;
