/**
 * What is shown of a configuration. Whoever pushes an image writes it, so no field is what it should be until it was
 * looked at.
 *
 * @module
 */

import { isObject } from '../registry/descriptor.ts'

/** Most entries of a list, and most characters of a text; the rest is cut. */
const MOST = 500
const MAX_TEXT = 16 * 1024

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT) : undefined

const texts = (value: unknown): string[] | undefined => {
  if (!Array.isArray(value)) return undefined
  return value.slice(0, MOST).flatMap((each) => text(each) ?? [])
}

const keys = (value: unknown): string[] | undefined =>
  isObject(value) ? texts(Object.keys(value)) : undefined

const record = (value: unknown): Record<string, string> | undefined => {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value).slice(0, MOST)
  return Object.fromEntries(
    entries.flatMap(([key, each]) => (text(each) ? [[key, text(each)!]] : [])),
  )
}

/** A step of an image's build. */
const step = (value: unknown): object =>
  isObject(value)
    ? {
        created: text(value.created),
        by: text(value.created_by),
        comment: text(value.comment),
        empty: value.empty_layer === true,
      }
    : { empty: true }

/** What an image runs as (image-spec config.md). */
export const imageConfig = (json: unknown): object | undefined => {
  if (!isObject(json)) return undefined
  const run = isObject(json.config) ? json.config : {}
  return {
    created: text(json.created),
    author: text(json.author),
    os: text(json.os),
    architecture: text(json.architecture),
    variant: text(json.variant),
    user: text(run.User),
    workingDir: text(run.WorkingDir),
    entrypoint: texts(run.Entrypoint),
    command: texts(run.Cmd),
    env: texts(run.Env),
    ports: keys(run.ExposedPorts),
    volumes: keys(run.Volumes),
    labels: record(run.Labels),
    stopSignal: text(run.StopSignal),
    history: Array.isArray(json.history) ? json.history.slice(0, MOST).map(step) : [],
  }
}

/** What a chart says of itself: Helm's Chart.yaml as JSON. */
export const chartConfig = (json: unknown): object | undefined => {
  if (!isObject(json)) return undefined
  return {
    name: text(json.name),
    version: text(json.version),
    appVersion: text(json.appVersion),
    description: text(json.description),
    type: text(json.type),
    kubeVersion: text(json.kubeVersion),
    home: text(json.home),
    keywords: texts(json.keywords),
    sources: texts(json.sources),
  }
}
