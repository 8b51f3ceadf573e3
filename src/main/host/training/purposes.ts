/** First words of the random streams of training, so that none is drawn from for two purposes. */
export const purposes = {
  split: 101,
  order: 102,
  augmentation: 103,
  rotation: 104,
  noise: 105,
} as const;
