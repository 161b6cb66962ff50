/**
 * The contracts: records generated from the Avro schemas. Their getters return null exactly where
 * the schema says so.
 */
package io.gibbon.schemas;
