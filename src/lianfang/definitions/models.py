"""Editions as they were when they were first used. They never change: judgements name them."""

from django.db import models


class DiseaseEdition(models.Model):
    """One edition of a disease's protocol, as loaded. The digest is over its content."""

    disease = models.CharField(max_length=40)
    code = models.CharField(max_length=20)
    valid_from = models.DateField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["disease", "code"], name="edition_once")]

    def __str__(self) -> str:
        return f"{self.disease} edition {self.code}"
