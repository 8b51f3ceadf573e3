/** Line drawings in a box of 20 x 20, as path data. */
export const icons = {
  compare: "M3 3.5h6v13H3zM12 3.5h5v13h-5z",
  network:
    "M7.3 6.3l5.7 2.9M7.3 13.7l5.7-2.9M3.3 5.5a2.2 2.2 0 1 0 4.4 0 2.2 2.2 0 1 0-4.4 0M3.3 14.5a2.2 2.2 0 1 0 4.4 0 2.2 2.2 0 1 0-4.4 0M12.6 10a2.2 2.2 0 1 0 4.4 0 2.2 2.2 0 1 0-4.4 0",
  lab: "M7.8 3h4.4M8.6 3v5.2L4.4 15.3a1.15 1.15 0 0 0 1 1.7h9.2a1.15 1.15 0 0 0 1-1.7L11.4 8.2V3M6.4 12.6h7.2",
  library: "M4.5 3v14M9.5 3v14M13.5 3.4l3 13.4",
  search: "M8.8 14.2a5.4 5.4 0 1 0 0-10.8 5.4 5.4 0 0 0 0 10.8zM13 13l4 4",
  close: "M5 5l10 10M15 5 5 15",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  down: "M5.5 8 10 12.5 14.5 8",
  up: "M5.5 12 10 7.5 14.5 12",
  left: "M12 5.5 7.5 10 12 14.5",
  right: "M8 5.5 12.5 10 8 14.5",
  more: "M4.6 10h.01M10 10h.01M15.4 10h.01",
  warning: "M10 3.2 17.6 16.6H2.4zM10 8v4M10 14.4v.01",
  dice: "M4 4h12v12H4zM7.2 7.2v.01M12.8 7.2v.01M10 10v.01M7.2 12.8v.01M12.8 12.8v.01",
  large: "M11.5 3.5h5v5M16.5 3.5l-6 6M8.5 16.5h-5v-5M3.5 16.5l6-6",
  drop: "M10 3v9M6 8.5l4 4 4-4M3.5 13v3.5h13V13",
  live: "M10 10v.01M5.5 5.5a6.4 6.4 0 0 0 0 9M14.5 5.5a6.4 6.4 0 0 1 0 9",
  reset: "M5 7.5h7a4 4 0 0 1 0 8H7M8 4.5l-3 3 3 3",
  check: "M4.5 10.5 8.5 14.5 15.5 6",
  grip: "M7.5 5v.01M12.5 5v.01M7.5 10v.01M12.5 10v.01M7.5 15v.01M12.5 15v.01",
  copy: "M7 7h9.5v9.5H7zM4 13H3.5V3.5H13V4",
  panelLeft: "M3 4h14v12H3zM8 4v12",
  panelRight: "M3 4h14v12H3zM12 4v12",
} as const;

export type IconName = keyof typeof icons;
