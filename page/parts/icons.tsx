/**
 * Pictures, all drawn here.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'

const Icon = ({ children }: { readonly children: ComponentChildren }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    {children}
  </svg>
)

/** A hull on a slipway. */
export const Logo = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect class="logo-ground" width="32" height="32" rx="8" />
    <path class="logo-boxes" d="M9 10.5h4v4H9zM14 10.5h4v4h-4zM14 5.5h4v4h-4zM19 10.5h4v4h-4z" />
    <path class="logo-hull" d="M6 16h20l-3 6.5a2 2 0 0 1-1.8 1.2H10.8A2 2 0 0 1 9 22.5z" />
    <path class="logo-water" d="M5 26.5h22" />
  </svg>
)

export const Copy = () => (
  <Icon>
    <rect x="9" y="9" width="11" height="11" rx="2" />
    <path d="M5 15V6a2 2 0 0 1 2-2h8" />
  </Icon>
)

export const Check = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
)

export const Lock = () => (
  <Icon>
    <rect x="5" y="11" width="14" height="9" rx="2" />
    <path d="M8 11V8a4 4 0 0 1 8 0v3" />
  </Icon>
)

export const Signature = () => (
  <Icon>
    <path d="M12 3.5 5 6v6c0 4.2 3 7.3 7 8.5 4-1.2 7-4.3 7-8.5V6zM9 12l2.2 2.2L15.2 10" />
  </Icon>
)

export const Trash = () => (
  <Icon>
    <path d="M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7M10.5 10.5v6M13.5 10.5v6" />
  </Icon>
)

export const Search = () => (
  <Icon>
    <circle cx="11" cy="11" r="6" />
    <path d="m20 20-4.5-4.5" />
  </Icon>
)

export const Box = () => (
  <Icon>
    <path d="m12 3 8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9" />
  </Icon>
)

export const Cloud = () => (
  <Icon>
    <path d="M7 18a4 4 0 0 1-.5-7.97A6 6 0 0 1 18 9.5 4.3 4.3 0 0 1 17 18M4 4l16 16" />
  </Icon>
)

export const Alert = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 7.5v5.5M12 16.4v.1" />
  </Icon>
)
