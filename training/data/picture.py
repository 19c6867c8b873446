"""The picture that a model sees, of `playloom.model_picture`: who plays makes it by the same code, without torch."""

from __future__ import annotations

from playloom.model_picture import PICTURE_CODE, PictureScaler, frame_picture, model_picture

__all__ = ["PICTURE_CODE", "PictureScaler", "frame_picture", "model_picture"]
